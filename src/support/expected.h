// The result of something that can fail: a value or an error. std::expected is not in C++20.
#pragma once

#include <tl/expected.hpp>

namespace pgrepl {

template <class T, class E>
using Expected = tl::expected<T, E>;

// A class and not an alias: clang 14 deduces no arguments through an alias.
template <class E>
class Unexpected : public tl::unexpected<E> {
 public:
  using tl::unexpected<E>::unexpected;
};

template <class E>
Unexpected(E) -> Unexpected<E>;

}  // namespace pgrepl
