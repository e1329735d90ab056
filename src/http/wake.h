// Ends the sleep of a server that waits for connections.
#pragma once

#include <cstdint>

namespace pgrepl::http {

// Connects to a listening socket of 127.0.0.1 and hangs up, without waiting for anything.
void wake_listener(std::uint16_t port) noexcept;

}  // namespace pgrepl::http
