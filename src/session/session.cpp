#include "session/session.h"

#include "session/classify.h"
#include "session/results.h"
#include "session/start_connection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace pgrepl::session {

namespace {

using WaitType = asio::posix::stream_descriptor::wait_type;

void ignore_notice(void*, const PGresult*) {
}

// Everything a statement of ours depends on is fixed here, whatever the role's or the database's
// settings are. SET in the session, not startup options: poolers may refuse those.
std::string pinning_statement(const SessionOptions& options) {
  const auto set = [](const std::string& name, const std::string& value) {
    return "pg_catalog.set_config('" + name + "', '" + value + "', false)";
  };
  const auto milliseconds = [](std::chrono::milliseconds time) {
    return std::to_string(time.count());
  };
  return "SELECT " + set("search_path", "pg_catalog") + ", " +
         set("statement_timeout", milliseconds(options.statement_timeout)) + ", " +
         set("lock_timeout", milliseconds(options.lock_timeout)) + ", " +
         set("idle_in_transaction_session_timeout", "10000") + ", " +
         // Behind a firewall that drops, the server learns nothing of our end: without these its
         // side of each connection we gave up would stay for two hours, and with it what a lost
         // exporter held, its place among the observers above all.
         set("tcp_keepalives_idle", "5") + ", " + set("tcp_keepalives_interval", "1") + ", " +
         set("tcp_keepalives_count", "4") + ", " + set("default_transaction_read_only", "on") +
         ", " + set("DateStyle", "ISO") + ", " + set("IntervalStyle", "postgres") + ", " +
         set("TimeZone", "UTC") + ", " + set("extra_float_digits", "1");
}

// libpq sends at every sync, which would be a packet for each statement, and a wake-up of the
// server for each. While the socket is corked the kernel joins them (tcp(7)). A Unix socket has no
// cork.
void set_cork(const PGconn* conn, bool corked) {
  const int value = corked ? 1 : 0;
  (void)::setsockopt(PQsocket(conn), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

std::string name_of(std::uint64_t statement) {
  return "pgrepl_" + std::to_string(statement);
}

}  // namespace

Session::Session(asio::io_context& io, pg::ConnInfo conninfo, SessionOptions options)
    : io_(io), conninfo_(std::move(conninfo)), options_(options), descriptor_(io), resolver_(io) {
}

Session::~Session() {
  close();
}

void Session::close() noexcept {
  release_socket();
  conn_.reset();
  prepared_.clear();
}

void Session::watch_socket() {
  descriptor_.assign(PQsocket(conn_.get()));
}

// libpq closes and opens sockets as it likes; Asio must not keep one it does not own.
void Session::release_socket() noexcept {
  if (descriptor_.is_open()) {
    descriptor_.release();
  }
}

asio::awaitable<bool> Session::finish_by(asio::awaitable<void> work, Deadline deadline) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer{io_, deadline};
  auto time_is_up = timer.async_wait(asio::use_awaitable);
  auto first = co_await (std::move(work) || std::move(time_is_up));
  co_return first.index() == 0;
}

asio::awaitable<bool> Session::wait_for(WaitType direction) {
  asio::error_code cancelled;
  co_await descriptor_.async_wait(direction, asio::redirect_error(asio::use_awaitable, cancelled));
  co_return !cancelled;
}

asio::awaitable<void> Session::wait_for_either() {
  using namespace asio::experimental::awaitable_operators;
  auto readable = wait_for(asio::posix::stream_descriptor::wait_read);
  auto writable = wait_for(asio::posix::stream_descriptor::wait_write);
  co_await (std::move(readable) || std::move(writable));
}

bool Session::resolves_itself() const {
  const std::string& host = conninfo_.endpoint.host;
  return host.empty() || host.starts_with('/') || host.starts_with('@') ||
         conninfo_.parameter("hostaddr") || conninfo_.parameter("service");
}

asio::awaitable<std::optional<ConnectError>> Session::resolve(Deadline deadline) {
  addresses_.clear();
  if (resolves_itself()) {
    co_return std::nullopt;
  }
  std::string host = conninfo_.endpoint.host;
  auto resolved = co_await resolver_.resolve(std::move(host), deadline);
  if (!resolved) {
    ConnectError error{
        .reason = pg::FailureReason::Dns,
        .message = "cannot resolve " + conninfo_.endpoint.host + ": " + resolved.error(),
        .sqlstate = "",
    };
    co_return error;
  }
  addresses_ = std::move(*resolved);
  co_return std::nullopt;
}

std::optional<ConnectError> Session::start_connecting() {
  auto started = start_connection(conninfo_, addresses_);
  if (!started) {
    return std::move(started.error());
  }
  conn_ = std::move(*started);
  PQsetNoticeReceiver(conn_.get(), ignore_notice, nullptr);
  PQsetErrorVerbosity(conn_.get(), PQERRORS_VERBOSE);
  return std::nullopt;
}

asio::awaitable<void> Session::establish() {
  polling_ = PGRES_POLLING_WRITING;
  while (polling_ == PGRES_POLLING_WRITING || polling_ == PGRES_POLLING_READING) {
    watch_socket();
    const bool ready = co_await wait_for(
        polling_ == PGRES_POLLING_READING ? asio::posix::stream_descriptor::wait_read
                                          : asio::posix::stream_descriptor::wait_write
    );
    release_socket();
    if (!ready) {
      co_return;
    }
    errno = 0;
    polling_ = PQconnectPoll(conn_.get());
    poll_error_ = errno;
  }
}

asio::awaitable<Expected<void, ConnectError>> Session::connect() {
  close();
  const Deadline deadline = std::chrono::steady_clock::now() + options_.connect_timeout;
  auto failure = co_await resolve(deadline);
  if (!failure) {
    failure = start_connecting();
  }
  if (!failure) {
    auto attempt = establish();
    const bool in_time = co_await finish_by(std::move(attempt), deadline);
    if (!in_time) {
      failure =
          ConnectError{pg::FailureReason::Timeout, "no connection within connect_timeout", ""};
    } else if (polling_ != PGRES_POLLING_OK) {
      failure = classify_connect_failure(PQerrorMessage(conn_.get()), poll_error_);
    }
  }
  if (!failure) {
    failure = co_await pin_settings(deadline);
  }
  if (failure) {
    close();
    co_return Unexpected<ConnectError>{std::move(*failure)};
  }
  version_ = pg::ServerVersion{PQserverVersion(conn_.get())};
  co_return Expected<void, ConnectError>();
}

asio::awaitable<std::optional<ConnectError>> Session::pin_settings(Deadline deadline) {
  PQsetErrorVerbosity(conn_.get(), PQERRORS_DEFAULT);
  if (PQsetnonblocking(conn_.get(), 1) != 0 || PQenterPipelineMode(conn_.get()) != 1) {
    ConnectError error{
        .message = failure_message(PQerrorMessage(conn_.get()), "entering pipeline mode"),
        .sqlstate = ""};
    co_return error;
  }
  watch_socket();
  std::vector<pg::Statement> statements(1, pinning_statement(options_));
  auto results = co_await run(std::move(statements), deadline);
  if (results.front()) {
    co_return std::nullopt;
  }
  QueryError& refused = results.front().error();
  ConnectError error{refused.reason, std::move(refused.message), std::move(refused.sqlstate)};
  co_return error;
}

asio::awaitable<std::vector<QueryResult>> Session::run(
    std::vector<pg::Statement> statements, Deadline deadline
) {
  statements_ = std::move(statements);
  answers_.assign(statements_.size(), std::nullopt);
  synced_ = 0;
  durations_.clear();
  answered_at_ = std::chrono::steady_clock::now();
  in_preparation_.clear();
  lost_.reset();
  if (!is_open()) {
    lost_ = QueryError{
        .reason = pg::FailureReason::Other, .message = "not connected", .ends_session = true};
    co_return collect(true);
  }
  if (!send_all()) {
    lose_connection();
  }
  auto work = exchange();
  const bool in_time = co_await finish_by(std::move(work), deadline);
  co_return collect(in_time);
}

bool Session::send_all() {
  set_cork(conn_.get(), true);
  const bool sent = std::ranges::all_of(statements_, [this](const auto& one) { return send(one); });
  set_cork(conn_.get(), false);
  return sent;
}

bool Session::send(const pg::Statement& statement) {
  PGconn* conn = conn_.get();
  auto known = prepared_.find(statement.id());
  if (known == prepared_.end()) {
    const std::uint64_t number = ++names_given_;
    const std::string& sql = statement.text();
    if (PQsendPrepare(conn, name_of(number).c_str(), sql.c_str(), 0, nullptr) != 1) {
      return false;
    }
    known = in_preparation_.insert_or_assign(statement.id(), number).first;
  }
  const std::string name = name_of(known->second);
  return PQsendQueryPrepared(conn, name.c_str(), 0, nullptr, nullptr, nullptr, 0) == 1 &&
         PQpipelineSync(conn) == 1;
}

asio::awaitable<void> Session::flush() {
  for (int left = 1; left == 1 && !lost_;) {
    left = PQflush(conn_.get());
    if (left < 0) {
      lose_connection();
    }
    if (left == 1) {
      // The server may wait for us to read before it reads on.
      co_await wait_for_either();
      if (PQconsumeInput(conn_.get()) != 1) {
        lose_connection();
      }
    }
  }
}

asio::awaitable<void> Session::exchange() {
  co_await flush();
  while (!lost_) {
    take_results();
    if (synced_ == statements_.size()) {
      co_return;
    }
    const bool ready = co_await wait_for(asio::posix::stream_descriptor::wait_read);
    if (!ready) {
      co_return;
    }
    if (PQconsumeInput(conn_.get()) != 1) {
      take_results();  // the server's last word may have come with the end
      lose_connection();
    }
  }
}

// Takes what has arrived. A NULL stands between the results of two statements; more of them in a
// row than that mean that nothing is there.
void Session::take_results() {
  int nulls = 0;
  while (synced_ < statements_.size() && nulls < 3 && PQisBusy(conn_.get()) == 0) {
    const Result result{PQgetResult(conn_.get())};
    if (result == nullptr) {
      ++nulls;
      continue;
    }
    nulls = 0;
    take_result(result);
  }
}

void Session::take_result(const Result& result) {
  auto& answer = answers_.at(synced_);
  const pg::Statement::Id statement = statements_.at(synced_).id();
  switch (PQresultStatus(result.get())) {
    case PGRES_PIPELINE_SYNC: {
      ++synced_;
      const Deadline arrived = std::chrono::steady_clock::now();
      durations_.emplace_back(arrived - std::exchange(answered_at_, arrived));
      break;
    }
    case PGRES_COMMAND_OK:
      if (auto prepared = in_preparation_.extract(statement)) {
        prepared_.insert(std::move(prepared));
      }
      break;
    case PGRES_TUPLES_OK:
      answer = to_result_set(result.get());
      break;
    case PGRES_PIPELINE_ABORTED:
      break;  // the statement's own preparation failed, and has been noted
    default:
      if (!answer) {
        answer = Unexpected<QueryError>{to_query_error(result.get())};
        // Whatever is wrong with the prepared statement, the next run makes a new one.
        prepared_.erase(statement);
      }
  }
}

void Session::lose_connection() {
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
      .message = "connection lost: " + failure_message(PQerrorMessage(conn_.get()), "reading"),
      .ends_session = true,
  };
}

std::vector<QueryResult> Session::collect(bool in_time) {
  if (!in_time && !lost_) {
    lost_ = QueryError{
        .reason = pg::FailureReason::Timeout, .message = "no answer in time", .ends_session = true};
  }
  // What a round took goes with it: for many servers it would be much to keep.
  statements_ = std::vector<pg::Statement>();
  auto answers = std::exchange(answers_, std::vector<std::optional<QueryResult>>());
  std::vector<QueryResult> results;
  results.reserve(answers.size());
  bool ended = lost_.has_value();
  for (auto& answer : answers) {
    ended = ended || (answer && !*answer && answer->error().ends_session);
    if (answer) {
      results.push_back(std::move(*answer));
    } else {
      results.emplace_back(Unexpected<QueryError>{
          lost_.value_or(QueryError{.message = "the statement returns no rows"})});
    }
  }
  if (ended) {
    close();
  }
  return results;
}

}  // namespace pgrepl::session
