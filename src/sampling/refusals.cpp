#include "sampling/refusals.h"

#include <algorithm>
#include <utility>

namespace pgrepl::sampling {

bool Refusals::calls_for_probes(const session::QueryResult& result) {
  return !result && !result.error().ends_session && catalogue::is_refusal(result.error().sqlstate);
}

std::vector<pg::Statement> Refusals::probes() {
  static const std::vector<pg::Statement> kProbes = [] {
    std::vector<pg::Statement> probes;
    for (const auto& function : catalogue::refusable_functions()) {
      probes.emplace_back(std::string{function.probe});
    }
    return probes;
  }();
  return kProbes;
}

bool Refusals::take(std::span<const session::QueryResult> results, Instant now) {
  ask_at_ = now + kAskAgainAfter;
  const bool lost = std::ranges::any_of(results, [](const session::QueryResult& result) {
    return !result && result.error().ends_session;
  });
  if (lost) {
    return false;
  }
  catalogue::RefusedFunctions refused;
  for (std::size_t place = 0; place < results.size(); ++place) {
    if (calls_for_probes(results[place])) {
      refused.insert(place);
    }
  }
  const bool changed = refused != refused_;
  refused_ = std::move(refused);
  if (changed) {
    reduced_.clear();
  }
  return changed;
}

const pg::Statement* Refusals::reduce(const pg::Statement* statement) {
  if (refused_.empty() || statement == nullptr) {
    return statement;
  }
  const auto known = reduced_.find(statement->id());
  if (known != reduced_.end()) {
    return &known->second;
  }
  pg::Statement reduced{catalogue::without(statement->text(), refused_)};
  return &reduced_.emplace(statement->id(), std::move(reduced)).first->second;
}

void Refusals::reduce(std::vector<catalogue::DueQuery>& due) {
  for (catalogue::DueQuery& query : due) {
    query.sql = reduce(query.sql);
  }
}

std::map<std::string, bool> Refusals::capabilities() const {
  std::map<std::string, bool> capabilities;
  const auto functions = catalogue::refusable_functions();
  for (std::size_t place = 0; place < functions.size(); ++place) {
    const auto known = capabilities.emplace(functions[place].capability, true).first;
    known->second = known->second && !refused_.contains(place);
  }
  return capabilities;
}

}  // namespace pgrepl::sampling
