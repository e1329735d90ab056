// How a piece of work ended, as a value.
#pragma once

#include <exception>

#include <asio/awaitable.hpp>

namespace pgrepl::loop {

// Runs `work` to its end. Null when it ended well, else the exception that ended it.
asio::awaitable<std::exception_ptr> ending_of(asio::awaitable<void> work);

}  // namespace pgrepl::loop
