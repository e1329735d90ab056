#include "commands/status.h"

#include "commands/ask_exporter.h"
#include "config/discovery.h"
#include "pages/api_json.h"
#include "pages/status_table.h"
#include "watch/monitor.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

namespace pgrepl {

namespace {

using namespace std::chrono_literals;

constexpr auto kBetweenTables = 2s;
constexpr int kUnhealthy = 1;
constexpr int kBadInput = 2;

// Gives the answer of /api/v1/clusters, or says why there is none.
using Source = std::function<Expected<std::string, std::string>()>;

bool is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}

pages::Colours colours() {
  return is_terminal() && std::getenv("NO_COLOR") == nullptr ? pages::Colours::Ansi
                                                             : pages::Colours::None;
}

int print_once(const StatusFlags& flags, const Source& source) {
  const auto document = source();
  const auto table = document ? pages::status_table(*document, colours())
                              : Unexpected<std::string>{document.error()};
  if (flags.watch && is_terminal()) {
    std::fputs("\033[H\033[2J", stdout);
  }
  if (!table) {
    std::fprintf(stderr, "%s\n", table.error().c_str());
    return kUnhealthy;
  }
  std::fputs(flags.json ? document->c_str() : table->text.c_str(), stdout);
  std::fflush(stdout);
  return table->healthy ? 0 : kUnhealthy;
}

// Until `is_over` or nobody reads any more.
int print(const StatusFlags& flags, const Source& source, const std::function<bool()>& is_over) {
  int status = print_once(flags, source);
  while (flags.watch && std::ferror(stdout) == 0) {
    for (auto waited = 0ms; waited < kBetweenTables && !is_over(); waited += 100ms) {
      std::this_thread::sleep_for(100ms);
    }
    if (is_over()) {
      break;
    }
    if (!is_terminal() && !flags.json) {
      std::fputs("\n", stdout);
    }
    status = print_once(flags, source);
  }
  return status;
}

Expected<std::string, std::string> ask_monitor(watch::Monitor& monitor) {
  const auto round = monitor.fresh(1min, {});
  const auto picture = monitor.picture();
  if (!round || !picture) {
    return Unexpected<std::string>{"stopped before all servers were asked"};
  }
  return pages::clusters_json(*picture);
}

// What takes longer than a moment says so, to people only.
void announce(const config::Config& config) {
  if (::isatty(STDERR_FILENO) != 1) {
    return;
  }
  std::size_t servers = 0;
  for (const config::Cluster& cluster : config.clusters) {
    servers += cluster.servers.size();
  }
  std::fprintf(stderr, "asking %zu server%s …\n", servers, servers == 1 ? "" : "s");
}

}  // namespace

int status_of_exporter(const StatusFlags& flags) {
  auto url = config::parse_url(flags.url.value_or(""));
  if (!url) {
    // The text is not shown: it may hold a login.
    std::fputs("--url: expected http://host:port or https://host:port, without a login\n", stderr);
    return kBadInput;
  }
  url->path += "/api/v1/clusters";
  config::RestAccess access{.user = flags.user};
  access.password_file = flags.password_file;
  access.ca_file = flags.ca_file;
  access.cert_file = flags.cert_file;
  access.key_file = flags.key_file;
  return print(
      flags, [&] { return ask_exporter(*url, access, 10s); }, [] { return false; }
  );
}

int status_of_servers(const StatusFlags& flags, Setup setup) {
  announce(setup.config);
  // Somebody who asks by hand is not to wait for a place among the exporters, nor to take one.
  setup.config.sampling.observers = 0;
  const auto tick = setup.config.sampling.tick;
  watch::Monitor monitor{std::move(setup), PGREPL_VERSION};
  std::atomic<bool> over = false;
  std::thread loop{[&monitor, &over] {
    monitor.watch();
    over = true;
  }};
  // A second look after a tick: lag is measured against what the primary was seen to have written.
  (void)monitor.fresh(1min, {});
  if (!over) {
    std::this_thread::sleep_for(tick);
  }
  const int status = print(
      flags, [&monitor] { return ask_monitor(monitor); }, [&over] { return over.load(); }
  );
  monitor.stop_watching();
  loop.join();
  return status;
}

}  // namespace pgrepl
