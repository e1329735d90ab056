// A batch of statements over a connection that is shared with applications, as behind a pooler.
#pragma once

#include "pg/statement.h"
#include "session/connection.h"
#include "session/query_error.h"

#include <functional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::session {

struct TransactionBatch {
  std::string begin;  // pinned_transaction()
  std::vector<pg::Statement> statements;
  // Told of each statement, in their order, as soon as it is answered.
  std::function<void(QueryResult)> take;
};

// Runs the statements in a read-only transaction and commits. Nothing is prepared under a name, and
// what is set ends with the transaction. A statement that fails ends the transaction as well: those
// after it run in a new one, under the same settings. So a batch takes a round trip for each
// statement, and two or three more.
//
// `input` says why reading stopped. Read: all statements were told, or the connection was closed
// meanwhile, or the last that was told ends the session. The caller keeps what is referred to.
asio::awaitable<void> run_in_transaction(
    Connection& connection, TransactionBatch& batch, Connection::Input& input
);

}  // namespace pgrepl::session
