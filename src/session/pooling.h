// Whether a connection leads to a server, or to a pooler that hands it to whichever connection of
// its own is free. The one place that decides it.
#pragma once

#include "session/connection.h"
#include "session/query_error.h"
#include "session/session.h"
#include "support/expected.h"

#include <asio/awaitable.hpp>

namespace pgrepl::session {

// Asks the connection, just opened, before anything is set on it. PostgreSQL tells at the login
// which process serves us (protocol-flow, "BackendKeyData"). A pooler answers the login itself and
// tells what it made up, so pg_backend_pid() differs from it. A pooler in session mode is treated
// as one in transaction mode: it need not reset what a session leaves.
//
// The error has the reason `pooler` where it allows no transactions (statement mode).
asio::awaitable<Expected<bool, ConnectError>> leads_through_pooler(Connection& connection);

}  // namespace pgrepl::session
