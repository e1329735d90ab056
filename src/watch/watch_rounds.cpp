// What Watch does about rounds: it obeys Rounds, which decides who waits for what.
#include "log/log.h"
#include "metrics/page.h"
#include "watch/take_page.h"
#include "watch/watch.h"

#include <algorithm>
#include <utility>

namespace pgrepl::watch {

std::vector<sampling::Poller*> Watch::pollers() const {
  std::vector<sampling::Poller*> all;
  for (const WatchedCluster& watched : clusters_) {
    for (const auto& poller : watched.pollers) {
      all.push_back(poller.get());
    }
  }
  return all;
}

asio::awaitable<SnapshotPointer> Watch::scrape(
    std::chrono::milliseconds timeout, metrics::Selection selection
) {
  if (stopped_) {
    co_return nullptr;
  }
  const loop::Counted asking{asking_};
  const Reader reader = rounds_.join(now() + timeout);
  Waiting& waiting =
      waiting_.try_emplace(reader, std::move(selection), outside_.loop).first->second;
  if (rounds_.is_running()) {
    round_alarm_.cancel();  // his patience may be the next that ends
  } else {
    begin_round();
  }
  while (!waiting.answered) {
    co_await waiting.alarm.wait_until(cluster::Instant::max());
  }
  SnapshotPointer snapshot = std::move(waiting.snapshot);
  waiting_.erase(reader);
  co_return snapshot;
}

void Watch::begin_round() {
  const cluster::Instant at = now();
  const auto asked = pollers();
  // With nobody to ask there is nothing to wait for; only the first round waits for discovery.
  const bool waits = !asked.empty() || !last_round();
  const cluster::Instant deadline = waits ? at + config_.sampling.timeout : at;
  rounds_.begin(at, deadline, {asked.begin(), asked.end()});
  const auto number = rounds_.number();
  for (sampling::Poller* poller : asked) {
    supervisor_.spawn(poller, "round", poller->run_round(deadline), [this, number, poller] {
      if (rounds_.note_answer(number, poller)) {
        round_alarm_.cancel();
      }
    });
  }
  supervisor_.spawn(this, "page", drive_round(), [this, number] {
    end_round_without_pages(number);
  });
}

// Where nothing failed, there is nobody left to release.
void Watch::end_round_without_pages(std::uint64_t number) {
  give_up(std::exchange(due_, {}));
  if (rounds_.is_running() && rounds_.number() == number) {
    give_up(rounds_.give_up());
  }
}

asio::awaitable<void> Watch::drive_round() {
  while (rounds_.is_running() && !stopped_) {
    const cluster::Instant next = rounds_.next();
    co_await round_alarm_.wait_until(next);
    const cluster::Instant at = now();
    const Rounds::Due due = stopped_ ? Rounds::Due{} : rounds_.due(at);
    due_ = due.readers;
    if (due.ended || !due.readers.empty()) {
      observe_all(at);
    }
    if (due.ended) {
      end_round(at);
    }
    answer(due.readers, at);
    due_.clear();
    if (due.ended) {
      start_walks();
    }
  }
}

void Watch::end_round(cluster::Instant at) {
  counters_.note_round(cluster::Seconds{at - rounds_.began()}.count(), has_failures(clusters_, at));
  last_round_ = at.time_since_epoch().count();
}

void Watch::answer(const std::vector<Reader>& readers, cluster::Instant at) {
  if (readers.empty()) {
    return;
  }
  self_.process = host_.read_process();
  counters_.set_loop_delay(watchdog_.longest_delay().count());
  counters_.set_dropped_log_lines(log::dropped_lines());
  std::map<metrics::Selection, SnapshotPointer> made;
  for (const Reader reader : readers) {
    Waiting& waiting = waiting_.at(reader);
    SnapshotPointer& snapshot = made[waiting.selection];
    if (snapshot == nullptr) {
      snapshot = make_snapshot(at, waiting.selection);
    }
    waiting.snapshot = snapshot;
    waiting.answered = true;
    waiting.alarm.cancel();
  }
  has_made_pages_ = true;
}

void Watch::give_up(const std::vector<Reader>& readers) {
  for (const Reader reader : readers) {
    Waiting& waiting = waiting_.at(reader);
    waiting.answered = true;
    waiting.alarm.cancel();
  }
}

void Watch::start_walks() {
  for (sampling::Poller* poller : pollers()) {
    if (poller->has_walk()) {
      supervisor_.spawn(poller, "walk", poller->walk());
    }
  }
}

bool Watch::still_asked(const sampling::Poller& poller) const {
  return rounds_.is_running() && rounds_.waits_for(&poller);
}

SnapshotPointer Watch::make_snapshot(cluster::Instant at, const metrics::Selection& selection) {
  auto snapshot = std::make_shared<Snapshot>(Snapshot{.taken = at});
  if (auto mistake = metrics::find_mistake(selection, queries_->catalogue)) {
    snapshot->mistake = std::move(*mistake);
    return snapshot;
  }
  const auto still_asked = [this](const sampling::Poller& poller) {
    return this->still_asked(poller);
  };
  const auto pages = take_pages(clusters_, queries_->catalogue.broken, still_asked, at);
  metrics::Clocks clocks = this->clocks();
  clocks.now = at;
  auto page = metrics::render_page(pages, self_, clocks, selection);
  journal_.note_drops(page.drops);
  snapshot->page = std::move(page.text);
  return snapshot;
}

}  // namespace pgrepl::watch
