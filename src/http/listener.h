// The listening sockets of the front.
#pragma once

#include "http/listen_address.h"
#include "support/expected.h"

#include <string>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace pgrepl::http {

// Without a host: every interface, in IPv6 too where the machine has it. The error names the
// address and the reason.
[[nodiscard]] Expected<asio::ip::tcp::acceptor, std::string> listen(
    asio::io_context& io, const ListenAddress& address
);

// By what the connections of one client are told from those of others: its IPv4 address, or the
// first 64 bits of its IPv6 address, of which a client has as many as it likes.
[[nodiscard]] std::string bounded_address(const asio::ip::address& address);

}  // namespace pgrepl::http
