#include "loop/supervisor.h"

#include "log/log.h"
#include "support/backoff.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <asio/co_spawn.hpp>

namespace pgrepl::loop {

namespace {

using namespace std::chrono_literals;

using Work = std::function<asio::awaitable<void>()>;

// Why the work threw; absent when it did not. One of the few places that catch: whatever a task
// throws ends here. `begin` lives as long as the caller waits.
asio::awaitable<std::optional<std::string>> failure_of(const Work& begin) {
  std::optional<std::string> why;
  try {
    auto work = begin();
    co_await std::move(work);
  } catch (const std::exception& problem) {
    why = problem.what();
  } catch (...) {
    why = "an exception of unknown type";
  }
  co_return why;
}

void log_failure(const std::string& task, const std::string& why) {
  log::write(
      log::Level::Error,
      "loop",
      "a task failed unexpectedly; the exporter goes on",
      {{"task", task}, {"reason", why}}
  );
}

// The same for what does not wait.
std::optional<std::string> failure_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::exception& problem) {
    return problem.what();
  } catch (...) {
    return "an exception of unknown type";
  }
  return std::nullopt;
}

}  // namespace

void Supervisor::keep(Owner owner, Turns turns) {
  const Place place = add(owner, turns.name);
  place->turns = std::move(turns);
  run(place, turn_until_over(place));
}

void Supervisor::spawn(
    Owner owner, std::string name, asio::awaitable<void> work, std::function<void()> ended
) {
  const Place place = add(owner, std::move(name));
  place->ended = std::move(ended);
  place->work = std::move(work);
  run(place, work_once(place));
}

Supervisor::Place Supervisor::add(Owner owner, std::string name) {
  return running_.emplace(running_.end(), owner, std::move(name), loop_);
}

void Supervisor::run(Place place, asio::awaitable<void> task) {
  asio::co_spawn(loop_.io, std::move(task), [this, place](const std::exception_ptr&) {
    // Nothing is left to pass on: failure_of() took what the task threw.
    const std::function<void()> ended = std::move(place->ended);
    const std::string name = std::move(place->name);
    running_.erase(place);
    if (const auto why = ended ? failure_of(ended) : std::nullopt) {
      count_(name);
      log_failure(name, *why);
    }
  });
}

asio::awaitable<void> Supervisor::turn_until_over(Place place) {
  Running& running = *place;
  Backoff backoff{1s, 1min};
  while (!stopped_ && !running.turns.is_over()) {
    const auto why = co_await failure_of(running.turns.turn);
    if (!why) {
      note_success(running);
      backoff.reset();
      continue;
    }
    note_failure(running, *why);
    running.turns.failed(*why);
    if (stopped_ || running.turns.is_over()) {
      break;
    }
    const Instant next = loop_.now() + backoff.after_failure(0);
    co_await running.pause.wait_until(next);
  }
}

asio::awaitable<void> Supervisor::work_once(Place place) {
  const Work work = [place] { return std::move(place->work); };
  const auto why = co_await failure_of(work);
  if (why) {
    note_failure(*place, *why);
  }
}

void Supervisor::note_failure(Running& running, const std::string& why) {
  count_(running.name);
  if (running.told == why) {
    return;
  }
  running.told = why;
  log_failure(running.name, why);
}

void Supervisor::note_success(Running& running) {
  if (!running.told.empty()) {
    log::write(log::Level::Info, "loop", "a task works again", {{"task", running.name}});
    running.told.clear();
  }
}

void Supervisor::wake(Owner owner) {
  for (Running& running : running_) {
    if (running.owner == owner) {
      running.pause.cancel();
    }
  }
}

void Supervisor::stop() {
  stopped_ = true;
  for (Running& running : running_) {
    running.pause.cancel();
  }
}

bool Supervisor::runs(Owner owner) const {
  return std::ranges::any_of(running_, [owner](const Running& running) {
    return running.owner == owner;
  });
}

}  // namespace pgrepl::loop
