#include "cluster/identity.h"

#include <algorithm>
#include <tuple>

namespace pgrepl::cluster {

namespace {

bool is_one_server(const ServerSample& a, const ServerSample& b) {
  const auto birth = birth_of(a);
  return a.tick && b.tick && birth && birth == birth_of(b) &&
         a.tick->reading.postmaster_start_time != 0 &&
         a.tick->reading.postmaster_start_time == b.tick->reading.postmaster_start_time;
}

std::optional<std::size_t> index_of(
    std::span<const ServerSample> samples, const std::string& name
) {
  const auto found = std::ranges::find(samples, name, &ServerSample::name);
  return found == samples.end() ? std::nullopt
                                : std::optional{static_cast<std::size_t>(found - samples.begin())};
}

// The entry before `i` that leads to the same server; as remembered while one of them is silent.
std::optional<std::size_t> find_same(
    std::span<const ServerSample> samples, std::size_t i, Memory& memory
) {
  for (std::size_t j = 0; j < i; ++j) {
    if (is_one_server(samples[j], samples[i])) {
      memory.same_server[samples[i].name] = samples[j].name;
      return j;
    }
  }
  const auto known = memory.same_server.find(samples[i].name);
  if (known == memory.same_server.end()) {
    return std::nullopt;
  }
  const auto other = index_of(samples, known->second);
  if (!other || (samples[i].tick && samples[*other].tick)) {
    memory.same_server.erase(known);
    return std::nullopt;
  }
  return other;
}

// The entry that answers stands for the server.
void prefer_answering(
    std::span<const ServerSample> samples, std::vector<std::optional<std::size_t>>& same_as
) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (const auto other = same_as[i]; other && samples[i].tick && !samples[*other].tick) {
      same_as[*other] = i;
      same_as[i].reset();
    }
  }
}

// What is remembered of a server goes on under the name that stands for it now.
void rename_in(
    Memory& memory,
    std::span<const ServerSample> samples,
    const std::vector<std::optional<std::size_t>>& same_as
) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!same_as[i]) {
      continue;
    }
    const std::string& name = samples[*same_as[i]].name;
    auto known = memory.servers.extract(samples[i].name);
    if (known && !memory.servers.contains(name)) {
      known.key() = name;
      memory.servers.insert(std::move(known));
    }
    if (memory.primary && memory.primary->server == samples[i].name) {
      memory.primary->server = name;
    }
  }
}

bool is_primary(const ServerSample& sample) {
  return sample.tick && sample.tick->reading.role == Role::Primary;
}

std::vector<Family> group(
    std::span<const ServerSample> samples, const std::vector<std::optional<std::size_t>>& same_as
) {
  std::vector<Family> families;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto birth = birth_of(samples[i]);
    if (!birth || same_as[i]) {
      continue;
    }
    auto found = std::ranges::find(families, birth, &Family::system);
    if (found == families.end()) {
      families.push_back({.system = birth, .members = {}});
      found = std::prev(families.end());
    }
    found->members.push_back(i);
  }
  return families;
}

class Chooser {
 public:
  Chooser(std::span<const ServerSample> samples, const Memory& memory)
      : samples_(samples), memory_(memory) {}

  // How much speaks for a family, the most important first.
  [[nodiscard]] auto rank(const Family& family) const {
    const bool known = memory_.system && family.system == memory_.system;
    const bool answers = any(family, [](const ServerSample& s) { return s.tick.has_value(); });
    const bool reborn = any(family, [this](const ServerSample& s) {
      return is_primary(s) && was_of_it(s) && !known_primary_answers();
    });
    const bool primary = any(family, is_primary);
    // Nobody of the known family may answer for a while; what answers then is not its successor
    // unless it was one of its servers.
    const bool was_member =
        any(family, [this](const ServerSample& s) { return s.tick && was_of_it(s); });
    const bool keeps = known && (answers || !any_successor());
    return std::tuple{
        reborn && !known, keeps, was_member && answers, family.members.size(), primary, answers};
  }

 private:
  template <class Predicate>
  [[nodiscard]] bool any(const Family& family, Predicate holds) const {
    return std::ranges::any_of(family.members, [&](std::size_t i) { return holds(samples_[i]); });
  }

  [[nodiscard]] bool known_primary_answers() const {
    return std::ranges::any_of(samples_, [this](const ServerSample& s) {
      return is_primary(s) && birth_of(s) == memory_.system;
    });
  }

  // A server that was of the known family, and answers with another birth.
  [[nodiscard]] bool any_successor() const {
    return std::ranges::any_of(samples_, [this](const ServerSample& s) {
      return s.tick && birth_of(s) && birth_of(s) != memory_.system && was_of_it(s);
    });
  }

  [[nodiscard]] bool was_of_it(const ServerSample& sample) const {
    const auto known = memory_.servers.find(sample.name);
    return memory_.system && known != memory_.servers.end() &&
           known->second.birth == memory_.system;
  }

  std::span<const ServerSample> samples_;
  const Memory& memory_;
};

}  // namespace

Identities identify(std::span<const ServerSample> samples, Memory& memory) {
  Identities found;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    found.same_as.push_back(find_same(samples, i, memory));
  }
  prefer_answering(samples, found.same_as);
  rename_in(memory, samples, found.same_as);
  found.families = group(samples, found.same_as);
  const Chooser chooser{samples, memory};
  const auto own = std::ranges::max_element(found.families, [&](const Family& a, const Family& b) {
    return chooser.rank(a) < chooser.rank(b);
  });
  if (own == found.families.end()) {
    found.families.push_back({.system = memory.system, .members = {}});
  } else {
    std::rotate(found.families.begin(), own, std::next(own));
  }
  Family& main = found.families.front();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!birth_of(samples[i]) && !found.same_as[i]) {
      main.members.push_back(i);
    }
  }
  std::ranges::sort(main.members);
  found.rebuilt = memory.system && main.system && memory.system != main.system;
  return found;
}

}  // namespace pgrepl::cluster
