#include "commands/doctor_command.h"

#include "doctor/facts.h"
#include "doctor/findings.h"
#include "session/ask_once.h"
#include "session/libpq_network.h"
#include "watch/monitor.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <unistd.h>

namespace pgrepl {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 10s;

double wall_clock_now() {
  return std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
}

bool is_local(const std::string& host) {
  return host.starts_with('/') || host.starts_with('@') || host == "localhost" ||
         host.starts_with("127.") || host == "::1";
}

bool may_have_asked_for_a_password(const doctor::Facts& facts) {
  return facts.is_true("over_network") && facts.is_false("has_client_certificate") &&
         facts.is_false("has_gss");
}

// Where a password is asked for, libpq hangs up, which no server counts as a failed login.
asio::awaitable<void> try_without_password(
    session::Network& network, pg::ConnInfo conninfo, doctor::Examined& examined
) {
  conninfo.set_password_of({});
  conninfo.password = pg::Secret{""};
  conninfo.set_parameter("passfile", "/dev/null");
  std::string sql = "SELECT 1";
  const auto answer = co_await session::ask_once(
      network, std::move(conninfo), std::move(sql), Clock::now() + kPatience
  );
  examined.asks_for_no_password = answer.has_value();
}

// Why a server that refused our question cannot be examined at all; absent when its version is none
// of the reasons. An old server refuses the question for a column or a function that it lacks.
asio::awaitable<std::optional<std::string>> why_unsupported(
    session::Network& network, pg::ConnInfo conninfo
) {
  std::string sql = "SHOW server_version_num";
  const auto answer = co_await session::ask_once(
      network, std::move(conninfo), std::move(sql), Clock::now() + kPatience
  );
  if (!answer || answer->rows() != 1) {
    co_return std::nullopt;
  }
  const std::string text{answer->at(0, std::size_t{0}).value_or("")};
  pg::ServerVersion version;
  std::from_chars(text.data(), text.data() + text.size(), version.number);
  co_return pg::why_unsupported(version);
}

// Whether its address leads through a pooler; the failure when that allows us nothing.
asio::awaitable<std::optional<std::string>> look_for_pooler(
    session::Network& network, pg::ConnInfo conninfo, doctor::Examined& examined
) {
  const session::SessionOptions options{
      .connect_timeout = kPatience, .statement_timeout = kPatience, .lock_timeout = kPatience};
  const auto session = network.make_session(std::move(conninfo), options);
  const auto connected = co_await session->connect();
  examined.is_pooled = connected && session->is_pooled();
  const bool refused = !connected && connected.error().reason == pg::FailureReason::Pooler;
  co_return refused ? std::optional{connected.error().message} : std::nullopt;
}

asio::awaitable<void> examine_one(
    session::Network& network, pg::ConnInfo conninfo, doctor::Examined& examined
) {
  examined.is_local = is_local(conninfo.endpoint.host);
  std::string sql{doctor::question()};
  pg::ConnInfo login = conninfo;
  pg::ConnInfo pooled_login = conninfo;
  examined.failure = co_await look_for_pooler(network, std::move(pooled_login), examined);
  if (examined.failure) {
    co_return;
  }
  const double sent = wall_clock_now();
  const auto answer = co_await session::ask_once(
      network, std::move(login), std::move(sql), Clock::now() + kPatience
  );
  const double received = wall_clock_now();
  if (!answer) {
    examined.failure = answer.error().message;
    if (!answer.error().sqlstate.empty()) {
      const auto unsupported = co_await why_unsupported(network, std::move(conninfo));
      examined.failure = unsupported.value_or(*examined.failure);
    }
    co_return;
  }
  auto facts = doctor::decode_facts(*answer);
  if (!facts) {
    examined.failure = facts.error();
    co_return;
  }
  const auto number = facts->number("server_version_num");
  const pg::ServerVersion version{static_cast<int>(number.value_or(0))};
  if (auto unsupported = pg::why_unsupported(version)) {
    examined.failure = std::move(*unsupported);
    co_return;
  }
  examined.facts = std::move(*facts);
  if (const auto clock = examined.facts.number("clock")) {
    examined.clock_uncertainty = (received - sent) / 2;
    examined.clock_offset = *clock - (sent + received) / 2;
  }
  if (may_have_asked_for_a_password(examined.facts)) {
    co_await try_without_password(network, std::move(conninfo), examined);
  }
}

// The servers of the configuration, and those that discovery finds.
std::vector<watch::WatchedServer> find_servers(Setup setup) {
  const bool discovers = std::ranges::any_of(setup.config.clusters, [](const auto& cluster) {
    return !cluster.discovery.empty();
  });
  const auto two_ticks = setup.config.sampling.tick * 2;
  setup.config.sampling.observers = 0;  // no place among the exporters is needed for one look
  watch::Monitor monitor{std::move(setup), PGREPL_VERSION};
  std::thread loop{[&monitor] { monitor.watch(); }};
  (void)monitor.fresh(1min, {});
  if (discovers) {
    // What was found is watched from the next tick on.
    std::this_thread::sleep_for(two_ticks);
  }
  auto servers = monitor.servers();
  monitor.stop_watching();
  loop.join();
  return servers;
}

void announce(std::size_t servers) {
  if (::isatty(STDERR_FILENO) == 1) {
    std::fprintf(stderr, "examining %zu server%s …\n", servers, servers == 1 ? "" : "s");
  }
}

}  // namespace

int examine_servers(Setup setup) {
  const session::Limits limits{
      .answer_bytes = setup.config.limits.answer_bytes,
      .text_bytes = setup.config.limits.text_bytes,
  };
  const auto servers = find_servers(std::move(setup));
  announce(servers.size());
  loop::SystemClock clock;
  asio::io_context io{1};
  session::LibpqNetwork network{loop::Loop{io, clock}, limits};
  std::vector<doctor::Examined> examined(servers.size());
  for (std::size_t i = 0; i < servers.size(); ++i) {
    examined[i].cluster = servers[i].cluster;
    examined[i].name = servers[i].server.name;
    asio::co_spawn(
        io,
        examine_one(network, servers[i].server.conninfo, examined[i]),
        [](const std::exception_ptr& problem) {
          if (problem) {
            std::rethrow_exception(problem);
          }
        }
    );
  }
  io.run();
  doctor::meet_primaries(examined);
  std::fputs(doctor::report(examined).c_str(), stdout);
  const bool healthy = std::ranges::all_of(examined, [](const doctor::Examined& server) {
    return doctor::examine(server).empty();
  });
  return healthy ? 0 : 1;
}

}  // namespace pgrepl
