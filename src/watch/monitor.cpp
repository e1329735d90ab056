#include "watch/monitor.h"

#include "http/web_settings.h"
#include "log/log.h"
#include "watch/process_facts.h"

#include <chrono>
#include <csignal>
#include <functional>
#include <utility>

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <malloc.h>

namespace pgrepl::watch {

namespace {

using namespace std::chrono_literals;

// A round ends at its deadline; rendering a page of many servers takes its time too.
constexpr std::chrono::milliseconds kRendering{1000};

Host this_process(std::string version) {
  return {
      .version = std::move(version), .read_process = read_process_facts, .give_memory_back = [] {
        malloc_trim(0);
      }};
}

// Null without a file.
Expected<std::unique_ptr<http::WebSettings>, std::string> open_web_settings(const std::string& file
) {
  if (file.empty()) {
    return nullptr;
  }
  auto settings = http::WebSettings::open(file);
  if (!settings) {
    return Unexpected<std::string>{to_string(settings.error().front())};
  }
  return std::move(*settings);
}

void log_listening(const config::Web& web, bool tls) {
  for (const std::string& address : web.listen_addresses) {
    log::write(
        log::Level::Info,
        "monitor",
        "listening",
        {{"address", address}, {"path", web.telemetry_path}, {"scheme", tls ? "https" : "http"}}
    );
  }
}

}  // namespace

Monitor::Monitor(Setup setup, std::string version)
    : watch_(
          fetch::Outside{loop_, network_, http_}, std::move(setup), this_process(std::move(version))
      ) {
}

Expected<void, std::string> Monitor::run(SetupReader read_setup) {
  read_setup_ = std::move(read_setup);
  asio::error_code ignored;  // without it SIGHUP ends the process, as it does by default
  signals_.add(SIGHUP, ignored);
  if (auto served = serve(); !served) {
    return served;
  }
  run_loop();
  server_.reset();
  log::write(log::Level::Info, "monitor", "stopped");
  return {};
}

Expected<void, std::string> Monitor::serve() {
  const config::Web& web = watch_.config().web;
  auto settings = open_web_settings(web.config_file);
  if (!settings) {
    return Unexpected<std::string>{std::move(settings.error())};
  }
  const bool tls = *settings != nullptr && (*settings)->serves_tls();
  http::Site site{web.telemetry_path, web.enable_lifecycle};
  const http::Limits limits{
      .connections = web.max_connections,
      .connections_of_address = web.max_connections_per_address};
  auto server = http::Server::start(
      web.listen_addresses,
      http::make_handler(*this, std::move(site)),
      std::move(*settings),
      limits,
      watch_.counters().http_refused()
  );
  if (!server) {
    return Unexpected<std::string>{server.error()};
  }
  server_ = std::move(*server);
  log_listening(web, tls);
  return {};
}

void Monitor::watch() {
  run_loop();
}

void Monitor::stop_watching() {
  asio::post(io_, [this] { stop(); });
}

void Monitor::run_loop() {
  loop::Turns signals{
      .name = "signals",
      .turn = [this] { return wait_for_signal(); },
      .is_over = [this] { return stopping_; }};
  watch_.supervisor().keep(this, std::move(signals));
  watch_.start();
  io_.run();
  questions_.close();
}

asio::awaitable<void> Monitor::wait_for_signal() {
  asio::error_code cancelled;
  const int number =
      co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  if (cancelled) {
    co_return;
  }
  if (number == SIGHUP) {
    request_reload();
    co_return;
  }
  log::write(
      log::Level::Info, "monitor", "stopping", {{"signal", number == SIGTERM ? "TERM" : "INT"}}
  );
  stop();
}

// Whoever waits for the loop on another thread is answered now; the loop ends once all that runs on
// it has ended.
void Monitor::stop() {
  stopping_ = true;
  signals_.cancel();
  watch_.stop();
  questions_.close();
}

std::shared_ptr<const Snapshot> Monitor::fresh(
    std::chrono::milliseconds timeout, metrics::Selection selection
) {
  const auto bounded = std::min(timeout, watch_.longest_round());
  auto answer = questions_.ask<SnapshotPointer>(
      bounded + kRendering,
      [this, timeout, selection = std::move(selection)](SnapshotReply reply) mutable {
        watch_.supervisor().spawn(
            this, "scrape", answer_scrape(timeout, std::move(selection), std::move(reply))
        );
      }
  );
  return answer.value_or(nullptr);
}

asio::awaitable<void> Monitor::answer_scrape(
    std::chrono::milliseconds timeout, metrics::Selection selection, SnapshotReply reply
) {
  auto snapshot = co_await watch_.scrape(timeout, std::move(selection));
  reply.send(std::move(snapshot));
}

std::optional<cluster::Instant> Monitor::last_round() const {
  return watch_.last_round();
}

std::shared_ptr<const pages::Picture> Monitor::picture() const {
  return watch_.picture();
}

std::shared_ptr<const cluster::EventLog> Monitor::events() const {
  return watch_.events();
}

bool Monitor::is_responsive() const {
  return watch_.is_responsive();
}

std::vector<WatchedServer> Monitor::servers() {
  using Servers = std::vector<WatchedServer>;
  auto answer = questions_.ask<Servers>(5s, [this](loop::Reply<Servers> reply) {
    reply.send(watch_.servers());
  });
  return answer.value_or(Servers{});
}

http::ProbeAnswer Monitor::probe(
    const http::ProbeRequest& request, std::chrono::milliseconds timeout
) {
  const auto bounded = std::min(timeout, watch_.longest_round());
  auto answer = questions_.ask<http::ProbeAnswer>(
      bounded + kRendering,
      [this, timeout, request](ProbeReply reply) {
        watch_.supervisor().spawn(this, "probe", answer_probe(timeout, request, std::move(reply)));
      }
  );
  if (!answer) {
    return {.status = 503, .text = "The exporter's loop does not answer; see /-/healthy.\n"};
  }
  return std::move(*answer);
}

asio::awaitable<void> Monitor::answer_probe(
    std::chrono::milliseconds timeout, http::ProbeRequest request, ProbeReply reply
) {
  auto answer = co_await watch_.probe(std::move(request), timeout);
  reply.send(std::move(answer));
}

}  // namespace pgrepl::watch
