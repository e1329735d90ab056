// The truth about lag: a writer that may write, and what each standby shows of it.
#pragma once

#include "support/pg_server.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace pgrepl::accuracy {

using Clock = std::chrono::steady_clock;

inline double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>{to - from}.count();
}

// Commits a numbered heartbeat on a server every 50 ms until it is stopped or paused.
class HeartbeatWriter {
 public:
  explicit HeartbeatWriter(std::string conninfo);
  ~HeartbeatWriter();
  HeartbeatWriter(const HeartbeatWriter&) = delete;
  HeartbeatWriter& operator=(const HeartbeatWriter&) = delete;

  void pause() { paused_ = true; }

  void resume() { paused_ = false; }

  // Goes on writing on another server, the new primary. Numbers go on as well.
  void move_to(std::string conninfo);

  // The age of the newest heartbeat a server shows, when that is `shown` at `at`; 0 when it is the
  // newest there was a moment before.
  [[nodiscard]] double age(std::int64_t shown, Clock::time_point at) const;

  // How much later than it was due the next one came: what a server shows did not age until then.
  [[nodiscard]] double delay_after(std::int64_t shown) const;

 private:
  void write_until_stopped();

  std::string conninfo_;
  std::atomic<bool> paused_{false};
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  std::deque<Clock::time_point> committed_;  // by number, from 1 on
  std::thread thread_;
};

// The number of the newest heartbeat that a server shows; absent when it does not answer.
[[nodiscard]] std::optional<std::int64_t> shown_heartbeat(const testing::PgServer& server);

}  // namespace pgrepl::accuracy
