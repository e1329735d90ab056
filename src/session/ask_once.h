// One question on a connection of its own, as an application would ask it: the simple protocol,
// nothing prepared and nothing set, so that it goes through any pooler and leaves nothing behind in
// it.
#pragma once

#include "pg/conninfo.h"
#include "pg/result_set.h"
#include "session/query_error.h"
#include "session/resolver.h"
#include "support/expected.h"

#include <chrono>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

namespace pgrepl::session {

// The rows of `sql`, one statement. Connecting, asking and answering end at the deadline; the
// connection is closed in any case.
asio::awaitable<Expected<pg::ResultSet, ConnectError>> ask_once(
    asio::io_context& io,
    Resolver& resolver,
    pg::ConnInfo conninfo,
    std::string sql,
    std::chrono::steady_clock::time_point deadline
);

}  // namespace pgrepl::session
