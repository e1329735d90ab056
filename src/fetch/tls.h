// TLS of the HTTP client: whom it trusts, and how it makes itself known.
#pragma once

#include "config/discovery.h"

#include <optional>
#include <string>

#include <asio/ssl/context.hpp>

namespace pgrepl::fetch {

// Loads the files that `access` names and sets the checks of the server's certificate and of its
// name, which is `host`. Absent when all is well; else one sentence that names the file. The files
// are read now, so that a certificate that was renewed is used from the next request on.
[[nodiscard]] std::optional<std::string> configure_tls(
    asio::ssl::context& tls, const config::RestAccess& access, const std::string& host
);

// Tells the server which of its names we want, unless `host` is an address, which is no name
// (RFC 6066, 3).
void name_server(SSL* connection, std::string host);

}  // namespace pgrepl::fetch
