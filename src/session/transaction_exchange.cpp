#include "session/transaction_exchange.h"

#include "session/results.h"
#include "session/simple_protocol.h"

#include <optional>
#include <utility>

namespace pgrepl::session {

namespace {

using Input = Connection::Input;
using Answer = SimpleSession::Answer;

QueryResult failed(QueryError error) {
  return Unexpected<QueryError>{std::move(error)};
}

QueryResult to_query_result(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
      return to_result_set(result);
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      return failed({.message = "the statement returns no rows"});
    default:
      return failed(to_query_error(result));
  }
}

// The connection is not as we need it: of no use for any other statement.
QueryResult ended(const ConnectError& error) {
  return failed(
      {.reason = error.reason,
       .sqlstate = error.sqlstate,
       .message = error.message,
       .ends_session = true}
  );
}

// What comes for one statement, to its end. Absent when reading stopped before.
asio::awaitable<void> read_answer(
    Connection& connection, std::optional<QueryResult>& answer, Input& input
) {
  std::optional<QueryResult> last;
  while (connection.is_open()) {
    if (PQisBusy(connection.get()) == 1) {
      const bool ready = co_await connection.wait_readable();
      if (!ready) {
        co_return;
      }
      input = connection.read();
      if (input != Input::Read) {
        co_return;
      }
      continue;
    }
    const Result result{PQgetResult(connection.get())};
    if (result == nullptr) {
      answer = std::move(last);
      co_return;
    }
    if (auto unusable = unusable_result(result.get())) {
      answer = failed({.message = std::move(*unusable), .ends_session = true});
      co_return;
    }
    last = to_query_result(result.get());
  }
}

class Exchange {
 public:
  Exchange(Connection& connection, TransactionBatch& batch, Input& input)
      : connection_(connection), batch_(batch), input_(input), begin_(batch.begin) {}

  asio::awaitable<void> run() {
    for (const pg::Statement& statement : batch_.statements) {
      const bool goes_on = co_await run_one(statement);
      if (!goes_on) {
        co_return;
      }
    }
    if (status() == PQTRANS_INTRANS) {
      // What was read is told already. Where this fails, the next batch finds the connection lost.
      (void)co_await command("COMMIT");
    }
  }

 private:
  [[nodiscard]] PGTransactionStatusType status() const {
    return PQtransactionStatus(connection_.get());
  }

  asio::awaitable<bool> run_one(const pg::Statement& statement) {
    if (status() == PQTRANS_IDLE) {
      const bool begun = co_await command(begin_);
      if (!begun) {
        co_return false;
      }
    }
    std::optional<QueryResult> answer;
    co_await ask(statement, answer);
    if (!answer) {
      co_return false;
    }
    const bool ends = !*answer && answer->error().ends_session;
    if (*answer && statement.is_setting()) {
      begin_ += statement.text_in_transaction() + ";";
    }
    batch_.take(std::move(*answer));
    if (ends) {
      co_return false;
    }
    bool usable = true;
    if (status() == PQTRANS_INERROR) {
      usable = co_await command("ROLLBACK");
    }
    co_return usable;
  }

  asio::awaitable<void> ask(const pg::Statement& statement, std::optional<QueryResult>& answer) {
    connection_.begin_answer();
    PGconn* conn = connection_.get();
    const std::string& sql = statement.text_in_transaction();
    if (PQsendQueryParams(conn, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1) {
      input_ = Input::Lost;
      co_return;
    }
    const bool sent = co_await connection_.flush(input_);
    if (sent) {
      co_await read_answer(connection_, answer, input_);
    }
  }

  // Of the simple protocol, which drops the statement without a name too. False when the connection
  // is of no use any more, which has been told then.
  asio::awaitable<bool> command(std::string sql) {
    std::optional<Answer> answer;
    co_await converse(connection_, sql, answer);
    if (answer && *answer && connection_.is_open()) {
      co_return true;
    }
    if (answer && !*answer) {
      batch_.take(ended(answer->error()));
    }
    co_return false;
  }

  Connection& connection_;
  TransactionBatch& batch_;
  Input& input_;
  std::string begin_;
};

}  // namespace

asio::awaitable<void> run_in_transaction(
    Connection& connection, TransactionBatch& batch, Connection::Input& input
) {
  Exchange exchange{connection, batch, input};
  co_await exchange.run();
}

}  // namespace pgrepl::session
