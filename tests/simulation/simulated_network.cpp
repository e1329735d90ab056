#include "simulation/simulated_network.h"

#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

namespace pgrepl::simulation {

namespace {

class SimulatedSession : public session::Session {
 public:
  SimulatedSession(
      loop::Loop loop,
      Exchange& exchange,
      ExporterId exporter,
      pg::ConnInfo conninfo,
      session::SessionOptions options
  )
      : loop_(loop),
        conninfo_(std::move(conninfo)),
        options_(options),
        wire_(loop, exchange, exporter) {}

  asio::awaitable<Expected<void, session::ConnectError>> connect() override {
    pg::ConnInfo conninfo = conninfo_;
    const Instant deadline = loop_.now() + options_.connect_timeout;
    auto failure = co_await wire_.open(std::move(conninfo), deadline);
    if (failure) {
      co_return Unexpected<session::ConnectError>{std::move(*failure)};
    }
    co_return Expected<void, session::ConnectError>();
  }

  asio::awaitable<std::vector<session::QueryResult>> run(
      std::vector<pg::Statement> statements, session::Deadline deadline
  ) override {
    auto results = co_await wire_.run(std::move(statements), options_.statement_timeout, deadline);
    co_return results;
  }

  void close() noexcept override { wire_.close(); }

  [[nodiscard]] bool is_open() const override { return wire_.is_open(); }

  [[nodiscard]] pg::ServerVersion version() const override { return wire_.version(); }

  [[nodiscard]] const std::vector<std::string>& addresses() const override {
    return wire_.addresses();
  }

  [[nodiscard]] const std::vector<std::chrono::duration<double>>& durations() const override {
    return wire_.durations();
  }

 private:
  loop::Loop loop_;
  pg::ConnInfo conninfo_;
  session::SessionOptions options_;
  Wire wire_;
};

class SimulatedSimpleSession : public session::SimpleSession {
 public:
  SimulatedSimpleSession(loop::Loop loop, Exchange& exchange, ExporterId exporter)
      : wire_(loop, exchange, exporter) {}

  asio::awaitable<std::optional<session::ConnectError>> open(
      pg::ConnInfo conninfo, session::Deadline deadline
  ) override {
    auto failure = co_await wire_.open(std::move(conninfo), deadline);
    co_return failure;
  }

  asio::awaitable<Answer> ask(std::string sql, session::Deadline deadline) override {
    std::vector<pg::Statement> statements;
    statements.emplace_back(std::move(sql));
    auto results = co_await wire_.run(std::move(statements), milliseconds::max(), deadline);
    if (results.front()) {
      co_return std::move(*results.front());
    }
    session::QueryError& error = results.front().error();
    session::ConnectError failure{error.reason, error.message, error.sqlstate};
    co_return Unexpected<session::ConnectError>{std::move(failure)};
  }

  [[nodiscard]] bool is_open() const override { return wire_.is_open(); }

  void close() noexcept override { wire_.close(); }

 private:
  Wire wire_;
};

void throw_if(NameService service) {
  if (service == NameService::Throws) {
    throw std::runtime_error{"no memory"};
  }
}

// Long enough to be late for any deadline of ours.
asio::awaitable<void> hang(loop::Loop loop, Instant deadline) {
  loop::Alarm alarm{loop};
  co_await alarm.wait_until(deadline);
}

}  // namespace

std::unique_ptr<session::Session> SimulatedNetwork::make_session(
    pg::ConnInfo conninfo, session::SessionOptions options
) {
  return std::make_unique<SimulatedSession>(
      loop_, exchange_, exporter_, std::move(conninfo), options
  );
}

std::unique_ptr<session::SimpleSession> SimulatedNetwork::make_simple_session() {
  return std::make_unique<SimulatedSimpleSession>(loop_, exchange_, exporter_);
}

asio::awaitable<session::Addresses> SimulatedNetwork::resolve(
    std::string host, session::Deadline deadline
) {
  exchange_.ledger.note_lookup(exporter_, loop_.now());
  const World& world = exchange_.world;
  const NameService service = world.name_service;
  const Instant answered = loop_.now() + milliseconds{2};
  co_await hang(loop_, service == NameService::Hangs ? deadline : answered);
  std::vector<std::string> addresses;
  throw_if(service);
  if (service == NameService::Fails || service == NameService::Hangs) {
    co_return Unexpected<std::string>{"Temporary failure in name resolution"};
  }
  if (host == "patroni") {
    addresses.emplace_back("10.0.0.250");  // in the network of the servers
    co_return addresses;
  }
  if (host != "servers") {
    if (const auto found = world.find_name(host)) {
      addresses.push_back(world.node(*found).address);
      co_return addresses;
    }
    co_return Unexpected<std::string>{"Name or service not known"};
  }
  for (const NodeId id : world.listed) {
    addresses.push_back(world.node(id).address);
  }
  if (service == NameService::Lies) {
    addresses.emplace_back("10.9.9.9");  // nobody is there
  }
  if (service == NameService::Empty) {
    addresses.clear();
  }
  co_return addresses;
}

asio::awaitable<Expected<std::string, std::string>> SimulatedHttp::get(
    config::Url, config::RestAccess, loop::Instant deadline
) {
  exchange_.ledger.note_lookup(exporter_, loop_.now());
  const World& world = exchange_.world;
  const NameService service = world.patroni;
  const Instant answered = loop_.now() + milliseconds{3};
  co_await hang(loop_, service == NameService::Hangs ? deadline : answered);
  throw_if(service);
  if (service == NameService::Fails || service == NameService::Hangs) {
    co_return Unexpected<std::string>{"no answer"};
  }
  auto members = nlohmann::json::array();
  for (const NodeId id : world.listed) {
    const Node& node = world.node(id);
    members.push_back({{"name", node.name}, {"host", node.address}, {"port", node.port}});
  }
  if (service == NameService::Lies) {
    members.push_back({{"name", "ghost"}, {"host", "10.9.9.9"}, {"port", 5432}});
  }
  nlohmann::json answer{
      {"members", service == NameService::Empty ? nlohmann::json::array() : members}};
  co_return answer.dump();
}

}  // namespace pgrepl::simulation
