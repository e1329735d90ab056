// One message of the simple protocol (protocol-flow, "Simple Query") and all of its answer.
#pragma once

#include "session/connection.h"
#include "session/session.h"

#include <optional>
#include <string>

#include <asio/awaitable.hpp>

namespace pgrepl::session {

// Asks, and reads the answer to its end. `answer` is then the rows of the last statement (no
// columns when it returns none), or the error. It stays absent when the connection was closed
// meanwhile. An answer that can have no end (COPY) closes the connection. The caller keeps what is
// referred to.
asio::awaitable<void> converse(
    Connection& connection, const std::string& sql, std::optional<SimpleSession::Answer>& answer
);

}  // namespace pgrepl::session
