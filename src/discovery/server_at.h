// A server that is known by its address only.
#pragma once

#include "config/config.h"

#include <string>

namespace pgrepl::discovery {

// Logged in to as `login` says, called "address:port". With sslmode=verify-full the certificate
// must be for `certificate_name` when there is one: certificates are seldom made out to addresses.
[[nodiscard]] config::Server server_at(
    const std::string& address, const pg::ConnInfo& login, const std::string& certificate_name
);

}  // namespace pgrepl::discovery
