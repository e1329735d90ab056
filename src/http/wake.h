// Ends the sleep of a server that waits for connections.
#pragma once

#include <cstdint>
#include <string>

namespace pgrepl::http {

// Connects to a listening socket of this machine and hangs up, without waiting for anything.
// `host` as in ListenAddress.
void wake_listener(const std::string& host, std::uint16_t port) noexcept;

}  // namespace pgrepl::http
