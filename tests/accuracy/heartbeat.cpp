#include "accuracy/heartbeat.h"

#include "support/pg_connection.h"

#include <algorithm>
#include <exception>

namespace pgrepl::accuracy {

namespace {

constexpr std::chrono::milliseconds kInterval{50};
// A commit reaches a healthy standby within this time; younger ones prove nothing.
constexpr std::chrono::milliseconds kOnItsWay{20};

}  // namespace

HeartbeatWriter::HeartbeatWriter(std::string conninfo) : conninfo_(std::move(conninfo)) {
  testing::PgConnection setup{conninfo_};
  setup.execute("CREATE TABLE IF NOT EXISTS heartbeat (n bigint)");
  setup.execute("TRUNCATE heartbeat");
  setup.execute("INSERT INTO heartbeat VALUES (0)");
  committed_.push_back(Clock::now());
  thread_ = std::thread{[this] { write_until_stopped(); }};
}

void HeartbeatWriter::move_to(std::string conninfo) {
  stopped_ = true;
  thread_.join();
  stopped_ = false;
  conninfo_ = std::move(conninfo);
  thread_ = std::thread{[this] { write_until_stopped(); }};
}

HeartbeatWriter::~HeartbeatWriter() {
  stopped_ = true;
  thread_.join();
}

void HeartbeatWriter::write_until_stopped() {
  try {
    testing::PgConnection connection{conninfo_};
    while (!stopped_) {
      if (!paused_) {
        std::int64_t next = 0;
        {
          const std::lock_guard lock{mutex_};
          next = static_cast<std::int64_t>(committed_.size());
        }
        connection.execute("UPDATE heartbeat SET n = " + std::to_string(next));
        const std::lock_guard lock{mutex_};
        committed_.push_back(Clock::now());
      }
      std::this_thread::sleep_for(kInterval);
    }
  } catch (const std::exception&) {
    // The server was stopped by the scenario: what was committed stays the truth.
  }
}

double HeartbeatWriter::age(std::int64_t shown, Clock::time_point at) const {
  const std::lock_guard lock{mutex_};
  std::size_t newest = committed_.size() - 1;
  while (newest > 0 && committed_[newest] > at - kOnItsWay) {
    --newest;
  }
  const auto index = static_cast<std::size_t>(shown);
  return index >= newest ? 0 : seconds_between(committed_[index], at);
}

double HeartbeatWriter::delay_after(std::int64_t shown) const {
  const std::lock_guard lock{mutex_};
  const auto index = static_cast<std::size_t>(shown);
  if (index + 1 >= committed_.size()) {
    return 0;
  }
  const double gap = seconds_between(committed_[index], committed_[index + 1]);
  return std::max(gap - std::chrono::duration<double>{kInterval}.count(), 0.0);
}

std::optional<std::int64_t> shown_heartbeat(const testing::PgServer& server) {
  try {
    const auto value = server.query_value("SELECT n FROM heartbeat");
    return value ? std::optional<std::int64_t>{std::stoll(*value)} : std::nullopt;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace pgrepl::accuracy
