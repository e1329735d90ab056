// The result of something that can fail: a value or an error. std::expected is not in C++20.
#pragma once

#include <tl/expected.hpp>

namespace pgrepl {

template <class T, class E>
using Expected = tl::expected<T, E>;

template <class E>
using Unexpected = tl::unexpected<E>;

}  // namespace pgrepl
