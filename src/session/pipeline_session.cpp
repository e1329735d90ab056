#include "session/pipeline_session.h"

#include "session/classify.h"
#include "session/pinned_settings.h"
#include "session/pooling.h"
#include "session/results.h"
#include "session/simple_protocol.h"
#include "session/transaction_exchange.h"
#include "support/utf8.h"

#include <algorithm>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace pgrepl::session {

namespace {

// libpq sends at every sync: a packet and a wake-up of the server for each statement. While the
// socket is corked the kernel joins them (tcp(7)). A Unix socket has no cork.
void set_cork(const PGconn* conn, bool corked) {
  const int value = corked ? 1 : 0;
  (void)::setsockopt(PQsocket(conn), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

std::string name_of(std::uint64_t statement) {
  return "pgrepl_" + std::to_string(statement);
}

ConnectError late() {
  return {pg::FailureReason::Timeout, "no connection within connect_timeout", ""};
}

ConnectError given_up() {
  return {.message = "given up while it connected", .sqlstate = "", .given_up = true};
}

ConnectError last_word_of(PGconn* conn) {
  return {
      .message = failure_message(PQerrorMessage(conn), "entering pipeline mode"), .sqlstate = ""};
}

}  // namespace

PipelineSession::PipelineSession(
    loop::Loop loop,
    Resolver& resolver,
    pg::ConnInfo conninfo,
    SessionOptions options,
    Limits limits,
    LoginRation* ration
)
    : loop_(loop),
      conninfo_(std::move(conninfo)),
      options_(options),
      connection_(loop, resolver, limits, ration) {
}

void PipelineSession::close() noexcept {
  given_up_ = true;
  end();
}

void PipelineSession::end() noexcept {
  connection_.close();
  prepared_.clear();
}

asio::awaitable<Expected<void, ConnectError>> PipelineSession::connect() {
  end();
  given_up_ = false;
  const Deadline deadline = loop_.now() + options_.connect_timeout;
  pg::ConnInfo conninfo = conninfo_;
  auto failure = co_await connection_.open(std::move(conninfo), deadline);
  if (!failure) {
    version_ = pg::ServerVersion{PQserverVersion(connection_.get())};
    std::optional<std::optional<ConnectError>> outcome;
    auto work = keep_outcome(outcome);
    const bool in_time = co_await connection_.finish_by(std::move(work), deadline);
    failure = in_time && outcome ? std::move(*outcome) : late();
  }
  if (given_up_) {
    failure = given_up();  // whatever else came of it
  }
  if (failure) {
    end();
    co_return Unexpected<ConnectError>{std::move(*failure)};
  }
  co_return Expected<void, ConnectError>();
}

asio::awaitable<void> PipelineSession::keep_outcome(
    std::optional<std::optional<ConnectError>>& outcome
) {
  auto failure = co_await make_ready();
  outcome.emplace(std::move(failure));
}

asio::awaitable<std::optional<ConnectError>> PipelineSession::make_ready() {
  const auto pooled = co_await leads_through_pooler(connection_);
  if (!pooled) {
    co_return pooled.error();
  }
  pooled_ = *pooled;
  if (pooled_) {
    co_return std::nullopt;
  }
  const std::string sql = pinned_settings(options_);
  std::optional<SimpleSession::Answer> answer;
  co_await converse(connection_, sql, answer);
  if (!answer || !is_open()) {
    co_return answer && !*answer ? answer->error() : given_up();
  }
  if (!*answer) {
    co_return std::move(answer->error());
  }
  if (PQenterPipelineMode(connection_.get()) != 1) {
    co_return last_word_of(connection_.get());
  }
  co_return std::nullopt;
}

asio::awaitable<std::vector<QueryResult>> PipelineSession::run(
    std::vector<pg::Statement> statements, Deadline deadline
) {
  statements_ = std::move(statements);
  answers_.assign(statements_.size(), std::nullopt);
  synced_ = 0;
  durations_.clear();
  answered_at_ = loop_.now();
  lost_.reset();
  too_large_ = false;
  connection_.begin_answer();
  if (!is_open()) {
    if (!given_up_) {
      lost_ = QueryError{.message = "not connected", .ends_session = true};
    }
    co_return collect(true);
  }
  if (!pooled_ && !send_all()) {
    lose_connection();
  }
  auto work = pooled_ ? exchange_in_transaction() : exchange();
  const bool in_time = co_await connection_.finish_by(std::move(work), deadline);
  co_return collect(in_time);
}

bool PipelineSession::send_all() {
  set_cork(connection_.get(), true);
  ends_expected_ = 0;
  if (prepared_.size() > kMostPrepared) {
    give_back_statements();
  }
  const bool sent = std::ranges::all_of(statements_, [this](const auto& one) { return send(one); });
  set_cork(connection_.get(), false);
  return sent;
}

void PipelineSession::give_back_statements() {
  prepared_.clear();
  if (send_text("DEALLOCATE ALL") && PQpipelineSync(connection_.get()) == 1) {
    ends_expected_ = 2;
  }
}

bool PipelineSession::send_text(const std::string& sql) {
  return PQsendQueryParams(
             connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0
         ) == 1;
}

bool PipelineSession::send_preparation(const pg::Statement& statement, Prepared& prepared) {
  const bool gives_back = prepared.stale;
  if (gives_back && !send_text("DEALLOCATE " + name_of(prepared.number))) {
    return false;
  }
  prepared = {.number = ++names_given_, .ends_missing = gives_back ? 2 : 1};
  const std::string name = name_of(prepared.number);
  return PQsendPrepare(connection_.get(), name.c_str(), statement.text().c_str(), 0, nullptr) == 1;
}

bool PipelineSession::send(const pg::Statement& statement) {
  Prepared& prepared = prepared_[statement.id()];
  const bool is_new = prepared.number == 0 || prepared.stale;
  if (is_new && !send_preparation(statement, prepared)) {
    return false;
  }
  PGconn* conn = connection_.get();
  const std::string name = name_of(prepared.number);
  if (statement.is_brief()) {
    // What the protocol prepared, SQL can execute. A server that logs statements writes this text
    // then; for an execution by the protocol it would write the whole that was prepared.
    return send_text("EXECUTE " + name) && PQpipelineSync(conn) == 1;
  }
  return PQsendQueryPrepared(conn, name.c_str(), 0, nullptr, nullptr, nullptr, 0) == 1 &&
         PQpipelineSync(conn) == 1;
}

asio::awaitable<void> PipelineSession::exchange() {
  auto input = Connection::Input::Read;
  const bool sent = co_await connection_.flush(input);
  if (!sent) {
    stop_reading(input);
    co_return;
  }
  while (!lost_ && is_open()) {
    take_results();
    if (lost_ || synced_ == statements_.size()) {
      co_return;
    }
    const bool ready = co_await connection_.wait_readable();
    if (!ready) {
      co_return;
    }
    input = connection_.read();
    if (input == Connection::Input::TooLarge) {
      take_results();  // what ended with the last bytes was not too large
    }
    if (input == Connection::Input::Lost || connection_.is_too_large()) {
      stop_reading(input);
    }
  }
}

asio::awaitable<void> PipelineSession::exchange_in_transaction() {
  auto input = Connection::Input::Read;
  TransactionBatch batch{
      .begin = pinned_transaction(options_),
      .statements = statements_,
      .take = [this](QueryResult answer) { take_answer(std::move(answer)); },
  };
  co_await run_in_transaction(connection_, batch, input);
  stop_reading(input);
}

void PipelineSession::take_answer(QueryResult answer) {
  if (synced_ < answers_.size()) {
    answers_[synced_] = std::move(answer);
    end_statement();
  }
}

void PipelineSession::end_statement() {
  ++synced_;
  connection_.begin_answer();
  const Deadline arrived = loop_.now();
  durations_.emplace_back(arrived - std::exchange(answered_at_, arrived));
}

void PipelineSession::stop_reading(Connection::Input why) {
  if (why == Connection::Input::TooLarge) {
    too_large_ = true;
    close();  // by our own side: of what comes after it nothing is known
  } else if (why == Connection::Input::Lost) {
    if (!pooled_) {
      take_results();  // the server's last word may have come with the end
    }
    lose_connection();
  }
}

// Takes what has arrived. A NULL stands between the results of two statements; more of them in a
// row than that mean that nothing is there.
void PipelineSession::take_results() {
  int nulls = 0;
  while (!lost_ && synced_ < statements_.size() && nulls < 3 && PQisBusy(connection_.get()) == 0) {
    const Result result{PQgetResult(connection_.get())};
    if (result == nullptr) {
      ++nulls;
      continue;
    }
    nulls = 0;
    if (auto unusable = unusable_result(result.get())) {
      lost_ = QueryError{.message = std::move(*unusable), .ends_session = true};
    } else if (ends_expected_ > 0) {
      ends_expected_ -= 1;  // of DEALLOCATE ALL, whatever came of it
    } else {
      take_result(result);
    }
  }
}

void PipelineSession::take_result(const Result& result) {
  switch (PQresultStatus(result.get())) {
    case PGRES_PIPELINE_SYNC:
      if (!answers_[synced_]) {
        answers_[synced_] =
            Unexpected<QueryError>{QueryError{.message = "the statement returns no rows"}};
      }
      end_statement();
      break;
    case PGRES_EMPTY_QUERY:
    case PGRES_COMMAND_OK:
      take_end_of_command();
      break;
    case PGRES_TUPLES_OK:
      answers_[synced_] = to_result_set(result.get());
      break;
    case PGRES_PIPELINE_ABORTED:
      break;  // the statement's own preparation failed, and has been noted
    default:
      take_error(result);
  }
}

// Of a preparation, or of giving back what was prepared before.
void PipelineSession::take_end_of_command() {
  if (const auto known = prepared_.find(statements_[synced_].id()); known != prepared_.end()) {
    known->second.ends_missing -= 1;
  }
}

void PipelineSession::take_error(const Result& result) {
  if (answers_[synced_]) {
    return;
  }
  QueryError error = to_query_error(result.get());
  const auto known = prepared_.find(statements_[synced_].id());
  if (known != prepared_.end()) {
    // invalid_sql_statement_name: the server has lost it (DISCARD ALL, a pooler).
    const bool gone = known->second.ends_missing > 0 || error.sqlstate == "26000";
    // feature_not_supported: "cached plan must not change result type".
    known->second.stale = !gone && error.sqlstate == "0A000";
    if (gone) {
      prepared_.erase(known);
    }
  }
  answers_[synced_] = Unexpected<QueryError>{std::move(error)};
}

void PipelineSession::lose_connection() {
  if (lost_) {
    return;
  }
  const auto last_word = std::ranges::find_if(answers_, [](const auto& answer) {
    return answer && !*answer && answer->error().ends_session;
  });
  if (last_word != answers_.end()) {
    lost_ = (*last_word)->error();
    return;
  }
  lost_ = QueryError{
      .message =
          "connection lost: " + failure_message(PQerrorMessage(connection_.get()), "reading"),
      .ends_session = true};
}

QueryError PipelineSession::why_unanswered(bool in_time) const {
  if (lost_) {
    return *lost_;
  }
  if (given_up_) {
    return {.message = "given up: the session was closed", .ends_session = true, .given_up = true};
  }
  if (!in_time) {
    return {
        .reason = pg::FailureReason::Timeout, .message = "no answer in time", .ends_session = true};
  }
  return {.message = "no answer", .ends_session = true};
}

std::vector<QueryResult> PipelineSession::collect(bool in_time) {
  // What a round took goes with it: for many servers it would be much to keep.
  statements_ = std::vector<pg::Statement>();
  auto answers = std::exchange(answers_, std::vector<std::optional<QueryResult>>());
  const bool complete = synced_ == answers.size() && !lost_;
  auto* const cut_off = synced_ < answers.size() ? &answers[synced_] : nullptr;
  if (cut_off != nullptr && too_large_) {
    // Costs this statement alone: of those after it nothing is known.
    *cut_off = Unexpected<QueryError>{QueryError{
        .reason = pg::FailureReason::TooLarge, .message = too_large(connection_.limits())}};
  } else if (cut_off != nullptr && *cut_off && **cut_off) {
    cut_off->reset();  // rows without their end: the server fell silent while it answered
  }
  std::vector<QueryResult> results;
  results.reserve(answers.size());
  bool ended = !complete;
  for (auto& answer : answers) {
    if (answer) {
      if (!*answer) {
        make_bounded_utf8(answer->error().message, connection_.limits().text_bytes);
      }
      ended = ended || (!*answer && answer->error().ends_session);
      results.push_back(std::move(*answer));
    } else {
      results.emplace_back(Unexpected<QueryError>{why_unanswered(in_time)});
    }
  }
  if (ended) {
    end();
  }
  return results;
}

}  // namespace pgrepl::session
