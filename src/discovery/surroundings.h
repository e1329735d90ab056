// The networks in which a source may name servers when nobody listed any.
#pragma once

#include "config/config.h"
#include "pg/reach.h"
#include "session/session.h"

#include <span>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::discovery {

// The hosts that the administrator gave: those of the URLs and of the configured servers, without
// Unix sockets.
[[nodiscard]] std::vector<std::string> given_hosts(
    std::span<const config::Url> urls, std::span<const config::Server> servers
);

// Adds the network around each address of each host to `reach` (pg::network_around). What was known
// stays: a look-up that fails, or gives another address in turn, takes no server out of reach.
asio::awaitable<void> look_around(
    session::Network& network,
    const std::vector<std::string>& hosts,
    session::Deadline deadline,
    pg::Reach& reach
);

}  // namespace pgrepl::discovery
