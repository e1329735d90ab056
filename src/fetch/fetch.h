// One GET of one small document under the event loop, with TLS and basic authentication.
#pragma once

#include "config/discovery.h"
#include "session/resolver.h"
#include "support/expected.h"

#include <chrono>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

namespace pgrepl::discovery {

using Deadline = std::chrono::steady_clock::time_point;

// The body of an answer with status 200. TLS checks the certificate and its name. No redirects. The
// error says why, and shows no secret. The caller keeps what it refers to until the end.
asio::awaitable<Expected<std::string, std::string>> fetch(
    asio::io_context& io,
    session::Resolver& resolver,
    const config::Url& url,
    const config::RestAccess& access,
    Deadline deadline
);

}  // namespace pgrepl::discovery
