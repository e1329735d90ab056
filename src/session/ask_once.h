// One question on a connection of its own, as an application would ask it: the simple protocol,
// nothing prepared and nothing set, so that it goes through any pooler and leaves nothing behind in
// it.
#pragma once

#include "session/session.h"

#include <string>

#include <asio/awaitable.hpp>

namespace pgrepl::session {

// The rows of `sql`, one statement. Connecting, asking and answering end at the deadline; the
// connection is closed in any case.
asio::awaitable<SimpleSession::Answer> ask_once(
    Network& network, pg::ConnInfo conninfo, std::string sql, Deadline deadline
);

}  // namespace pgrepl::session
