#include "cluster/memory.h"

namespace pgrepl::cluster {

namespace {

constexpr std::chrono::seconds kRateWindow{60};
constexpr std::chrono::seconds kRateSpacing{2};

}  // namespace

void ReplayRate::note(pg::Lsn position, Instant at) {
  // The newest reading moves on until it stands apart from the one before it.
  if (readings_.size() >= 2 && at - readings_[readings_.size() - 2].at < kRateSpacing) {
    readings_.back() = {at, position};
  } else {
    readings_.push_back({at, position});
  }
  while (readings_.size() > 2 && at - readings_.front().at > kRateWindow) {
    readings_.pop_front();
  }
}

std::optional<double> ReplayRate::bytes_per_second() const {
  if (readings_.size() < 2 || readings_.back().at <= readings_.front().at) {
    return std::nullopt;
  }
  const auto bytes = pg::bytes_between(readings_.front().position, readings_.back().position);
  return static_cast<double>(bytes) / Seconds{readings_.back().at - readings_.front().at}.count();
}

void forget_server(Memory& memory, const std::string& server) {
  memory.servers.erase(server);
  std::erase_if(memory.same_server, [&server](const auto& known) {
    return known.first == server || known.second == server;
  });
  std::erase_if(memory.slots, [&server](const auto& known) { return known.first.first == server; });
  for (OtherFamily& other : memory.others) {
    forget_server(other.memory, server);
  }
  std::erase_if(memory.slots_inactive_since, [&server](const auto& known) {
    return known.first.first == server;
  });
}

}  // namespace pgrepl::cluster
