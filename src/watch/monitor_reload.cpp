// What Monitor does for whoever asks for a reload.
#include "catalogue/load.h"
#include "log/log.h"
#include "watch/monitor.h"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include <asio/post.hpp>
#include <malloc.h>

namespace pgrepl::watch {

namespace {

// Of configuration files, on whatever disk they are.
constexpr std::chrono::minutes kLongestRead{1};

Errors mistakes_in(const Expected<Setup, Errors>& read) {
  return read ? catalogue::mistakes_of(read->catalogue) : read.error();
}

void log_refusal(const Errors& mistakes) {
  for (const InputError& mistake : mistakes) {
    log::write(
        log::Level::Error,
        "monitor",
        "configuration refused, the one before goes on",
        {{"reason", to_string(mistake)}}
    );
  }
}

void log_what_needs_a_restart(const config::Web& before, const config::Web& now) {
  if (before == now) {
    return;
  }
  log::write(
      log::Level::Warning,
      "monitor",
      "the section web and its flags count from the next start on; restart to apply them"
  );
}

void log_reload(const config::Config& config) {
  std::size_t servers = 0;
  for (const config::Cluster& cluster : config.clusters) {
    servers += cluster.servers.size();
  }
  log::write(
      log::Level::Info,
      "monitor",
      "configuration reloaded",
      {{"clusters", std::to_string(config.clusters.size())}, {"servers", std::to_string(servers)}}
  );
}

}  // namespace

Expected<void, std::string> Monitor::reload() {
  auto answer = questions_.ask<Reloaded>(kLongestRead, [this](ReloadReply reply) {
    reload_next_.push_back(std::move(reply));
    request_reload();
  });
  if (!answer) {
    return Unexpected<std::string>{"the exporter is stopping, or does not get the files read\n"};
  }
  return std::move(*answer);
}

void Monitor::request_reload() {
  if (reloads_.request()) {
    read_setup();
  }
}

void Monitor::read_setup() {
  reload_now_ = std::exchange(reload_next_, {});
  asio::post(reader_, [this] {
    std::packaged_task<Expected<Setup, Errors>()> task{read_setup_};
    task();
    // A handler is copied; a future is not.
    auto read = std::make_shared<SetupRead>(task.get_future());
    asio::post(io_, [this, read] {
      watch_.supervisor().spawn(this, "reload", take_read(read), [this] { end_reload(); });
    });
  });
}

// What the reader threw comes out of the future, and ends this task alone.
asio::awaitable<void> Monitor::take_read(std::shared_ptr<SetupRead> read) {
  reload_broke_ = true;
  const Reloaded outcome = take_setup(read->get());
  reload_broke_ = false;
  answer_reloads(outcome);
  co_return;
}

void Monitor::answer_reloads(const Reloaded& outcome) {
  for (ReloadReply& waiting : std::exchange(reload_now_, {})) {
    waiting.send(outcome);
  }
}

void Monitor::end_reload() {
  if (std::exchange(reload_broke_, false)) {
    watch_.refuse_setup();
    answer_reloads(Unexpected<std::string>{"reading the configuration failed; see the log\n"});
  }
  if (reloads_.read_ended()) {
    read_setup();
  }
}

Expected<void, std::string> Monitor::take_setup(Expected<Setup, Errors> read) {
  const Errors mistakes = mistakes_in(read);
  if (!mistakes.empty()) {
    watch_.refuse_setup();
    log_refusal(mistakes);
    return Unexpected<std::string>{to_string(mistakes)};
  }
  if (stopping_) {
    return {};
  }
  const config::Web web = watch_.config().web;
  log_what_needs_a_restart(web, read->config.web);
  read->config.web = web;
  watch_.apply(std::move(*read));
  log_reload(watch_.config());
  // What reading the YAML took goes back: it would stay resident for good.
  malloc_trim(0);
  return {};
}

}  // namespace pgrepl::watch
