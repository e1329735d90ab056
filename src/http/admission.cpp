#include "http/admission.h"

#include <algorithm>

namespace pgrepl::http {

Admission::Decision Admission::admit(const std::string& address) {
  Decision decision;
  const auto known = addresses_.find(address);
  if (known != addresses_.end() && known->second.count >= bounds_.of_address) {
    decision.reason = Refusal::Address;
    const auto& waiting = known->second.waiting;
    decision.victim = waiting.empty() ? std::nullopt : std::optional{waiting.begin()->second};
  } else if (connections_.size() >= bounds_.in_all) {
    decision.reason = Refusal::Connections;
    decision.victim = longest_waiting_of_busiest();
  }
  if (decision.reason && !decision.victim) {
    return decision;
  }
  if (decision.victim) {
    leave(*decision.victim);
  }
  decision.admitted = ++last_;
  connections_[last_].address = address;
  addresses_[address].count += 1;
  waits(last_);
  return decision;
}

void Admission::waits(Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) {
    return;
  }
  Connection& connection = found->second;
  stop_waiting(connection);
  connection.waits_since = ++steps_;
  waiting_.emplace(steps_, id);
  addresses_[connection.address].waiting.emplace(steps_, id);
}

void Admission::works(Id id) {
  if (const auto found = connections_.find(id); found != connections_.end()) {
    stop_waiting(found->second);
  }
}

void Admission::leave(Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) {
    return;
  }
  stop_waiting(found->second);
  held_ -= found->second.held;
  const auto address = addresses_.find(found->second.address);
  address->second.count -= 1;
  if (address->second.count == 0) {
    addresses_.erase(address);
  }
  connections_.erase(found);
}

std::vector<Admission::Id> Admission::hold(Id id, std::size_t bytes) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) {
    return {};
  }
  held_ += bytes - found->second.held;
  found->second.held = bytes;
  std::vector<Id> victims;
  // Those that hold nothing give nothing back.
  for (auto next = waiting_.begin(); next != waiting_.end() && held_ > bounds_.unread_bytes;) {
    const Id candidate = next->second;
    ++next;
    if (candidate != id && connections_.at(candidate).held > 0) {
      victims.push_back(candidate);
      leave(candidate);
    }
  }
  return victims;
}

std::optional<Admission::Id> Admission::evict() {
  if (waiting_.empty()) {
    return std::nullopt;
  }
  const Id victim = waiting_.begin()->second;
  leave(victim);
  return victim;
}

// Who has most connections is the first to lose one, so that an address with few keeps its own.
std::optional<Admission::Id> Admission::longest_waiting_of_busiest() const {
  const auto busiest = std::ranges::max_element(addresses_, {}, [](const auto& each) {
    return each.second.waiting.empty() ? 0 : each.second.count;
  });
  if (busiest == addresses_.end() || busiest->second.waiting.empty()) {
    return std::nullopt;
  }
  return busiest->second.waiting.begin()->second;
}

void Admission::stop_waiting(Connection& connection) {
  if (connection.waits_since != 0) {
    waiting_.erase(connection.waits_since);
    addresses_[connection.address].waiting.erase(connection.waits_since);
    connection.waits_since = 0;
  }
}

}  // namespace pgrepl::http
