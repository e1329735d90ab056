// Asks a server which of the functions that the tick needs it refuses.
#pragma once

#include "sampling/polled_server.h"

#include <asio/awaitable.hpp>

namespace pgrepl::sampling {

// Runs the tick's statement. Where the server refuses a function, or did so a minute ago, asks
// which ones and, when that has changed, runs the statement that is left without them. Costs two
// round trips more then. The error as of the last statement; the loss of the connection under any
// of them is the error of all.
asio::awaitable<session::QueryResult> ask_tick(
    PolledServer& polled, session::Session& session, Instant deadline
);

}  // namespace pgrepl::sampling
