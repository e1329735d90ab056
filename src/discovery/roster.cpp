#include "discovery/roster.h"

#include <algorithm>
#include <utility>

namespace pgrepl::discovery {

namespace {

const Sighting* find(
    const std::map<std::string_view, const Sighting*>& sightings, std::string_view server
) {
  const auto found = sightings.find(server);
  return found == sightings.end() ? nullptr : found->second;
}

bool differ_by_birth(const Sighting& a, const Sighting& b) {
  return a.system_identifier && b.system_identifier && a.system_identifier != b.system_identifier;
}

}  // namespace

std::string address_of(const pg::ConnInfo& conninfo) {
  const auto hostaddr = conninfo.parameter("hostaddr");
  return hostaddr ? std::string{*hostaddr} : conninfo.endpoint.host;
}

Roster::Address Roster::full_address_of(const pg::ConnInfo& conninfo) {
  return {address_of(conninfo), conninfo.endpoint.port};
}

// Where the entries are, by what a source says of them.
class Roster::Index {
 public:
  explicit Index(const std::vector<Entry>& entries) {
    for (std::size_t at = 0; at < entries.size(); ++at) {
      add(entries[at], at);
    }
  }

  void add(const Entry& entry, std::size_t at) {
    names_.insert(entry.server.name);
    by_address_[full_address_of(entry.server.conninfo)].insert(at);
    if (entry.source) {
      by_given_name_.try_emplace({*entry.source, entry.given_name}, at);
      discovered_ += 1;
    }
  }

  void move(std::size_t at, const Address& from, const Address& to) {
    by_address_[from].erase(at);
    by_address_[to].insert(at);
  }

  [[nodiscard]] bool is_named(std::size_t source, const std::string& name) const {
    return by_given_name_.contains({source, name});
  }

  // A server that moved keeps its name when its source names it; else its address is what it is.
  [[nodiscard]] std::optional<std::size_t> find(std::size_t source, const config::Server& found)
      const {
    const auto named = by_given_name_.find({source, found.name});
    if (named != by_given_name_.end()) {
      return named->second;
    }
    const auto there = by_address_.find(full_address_of(found.conninfo));
    return there == by_address_.end() || there->second.empty()
               ? std::nullopt
               : std::optional{*there->second.begin()};
  }

  [[nodiscard]] std::string free_name(const config::Server& found) const {
    std::string name = found.name;
    if (names_.contains(name)) {
      const auto [host, port] = full_address_of(found.conninfo);
      name += '/' + to_string(pg::Endpoint{host, port});
    }
    const std::string stem = name;
    for (int number = 2; names_.contains(name); ++number) {
      name = stem + '/' + std::to_string(number);
    }
    return name;
  }

  [[nodiscard]] std::size_t discovered() const { return discovered_; }

 private:
  std::set<std::string> names_;
  std::map<std::pair<std::size_t, std::string>, std::size_t> by_given_name_;
  std::map<Address, std::set<std::size_t>> by_address_;  // of each, the first entry counts
  std::size_t discovered_ = 0;
};

// The entries that stand for themselves, as far as they have been looked at, by what they show.
class Roster::Originals {
 public:
  void add(const Entry& entry, const Sighting& sighting) {
    const Shown shown{entry.server.name, &sighting};
    if (sighting.postmaster_start_time) {
      by_start_[*sighting.postmaster_start_time].push_back(shown);
    }
    if (sighting.addresses.size() == 1) {
      by_address_.try_emplace(
          {sighting.addresses.front(), entry.server.conninfo.endpoint.port}, entry.server.name
      );
    }
  }

  // The first that is the same server as `entry`, of which `own` is the sighting, null without one.
  [[nodiscard]] std::optional<Alias> find(const Entry& entry, const Sighting* own) const {
    if (own == nullptr || !own->postmaster_start_time) {
      const auto found = by_address_.find(full_address_of(entry.server.conninfo));
      return found == by_address_.end() ? std::nullopt
                                        : std::optional{Alias{found->second, std::nullopt}};
    }
    const auto same_start = by_start_.find(*own->postmaster_start_time);
    if (same_start == by_start_.end()) {
      return std::nullopt;
    }
    for (const Shown& other : same_start->second) {
      if (!differ_by_birth(*own, *other.sighting)) {
        return Alias{other.name, own->postmaster_start_time};
      }
    }
    return std::nullopt;
  }

 private:
  struct Shown {
    std::string name;
    const Sighting* sighting;
  };

  std::map<double, std::vector<Shown>> by_start_;
  std::map<Address, std::string> by_address_;
};

Roster::Roster(
    std::vector<config::Server> configured,
    std::vector<Coverage> sources,
    std::chrono::milliseconds forget_after,
    std::size_t most
)
    : forget_after_(forget_after), most_(most) {
  for (config::Server& server : configured) {
    std::string name = server.name;
    entries_.push_back({.server = std::move(server), .given_name = std::move(name)});
  }
  for (const Coverage coverage : sources) {
    // A source that follows what others found has nothing to say before them.
    sources_.push_back({.coverage = coverage, .has_spoken = coverage == Coverage::Partial});
  }
}

void Roster::take_over(const Roster& before, std::span<const std::optional<std::size_t>> numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i]) {
      sources_.at(*numbers[i]) = before.sources_.at(i);
    }
  }
  std::set<std::string> names;
  std::set<Address> addresses;
  for (const Entry& known : entries_) {
    names.insert(known.server.name);
    addresses.insert(full_address_of(known.server.conninfo));
  }
  for (const Entry& found : before.entries_) {
    const bool is_known = names.contains(found.server.name) ||
                          addresses.contains(full_address_of(found.server.conninfo));
    if (!found.source || !numbers[*found.source] || is_known) {
      continue;
    }
    Entry entry = found;
    entry.source = numbers[*found.source];
    entry.listed_by.clear();
    for (const std::size_t source : found.listed_by) {
      if (numbers[source]) {
        entry.listed_by.insert(*numbers[source]);
      }
    }
    names.insert(entry.server.name);
    addresses.insert(full_address_of(entry.server.conninfo));
    entries_.push_back(std::move(entry));
  }
}

void Roster::take_answer(std::size_t source, const std::vector<config::Server>& found) {
  sources_.at(source).has_spoken = true;
  sources_.at(source).failure.reset();
  sources_.at(source).unsorted = found;
  sources_.at(source).overflows = false;
  for (Entry& entry : entries_) {
    entry.listed_by.erase(source);
  }
  take_waiting_answers();
}

void Roster::take_failure(std::size_t source, std::string reason) {
  sources_.at(source).has_spoken = true;
  sources_.at(source).failure = std::move(reason);
  take_waiting_answers();
}

void Roster::take_waiting_answers() {
  if (!std::ranges::all_of(sources_, &Source::has_spoken)) {
    return;
  }
  Index index{entries_};
  for (std::size_t source = 0; source < sources_.size(); ++source) {
    auto answer = std::exchange(sources_[source].unsorted, {});
    tell_apart(answer);
    // Those that are known by name first: where one has moved, its old address may be another's.
    std::ranges::stable_partition(answer, [&](const config::Server& found) {
      return index.is_named(source, found.name);
    });
    for (const config::Server& found : answer) {
      enter(source, found, index);
    }
  }
}

void Roster::tell_apart(std::vector<config::Server>& found) {
  std::map<std::string, std::set<Address>> addresses;
  for (const config::Server& server : found) {
    addresses[server.name].insert(full_address_of(server.conninfo));
  }
  for (config::Server& server : found) {
    if (addresses.at(server.name).size() > 1) {
      const auto [host, port] = full_address_of(server.conninfo);
      server.name += '/' + to_string(pg::Endpoint{host, port});
    }
  }
}

void Roster::enter(std::size_t source, const config::Server& found, Index& index) {
  auto at = index.find(source, found);
  if (!at && index.discovered() >= most_) {
    sources_[source].overflows = true;
    return;
  }
  if (!at) {
    at = entries_.size();
    Entry entry{.server = found, .given_name = found.name, .source = source};
    entry.server.name = index.free_name(found);
    entries_.push_back(std::move(entry));
    index.add(entries_.back(), *at);
  }
  Entry& known = entries_[*at];
  if (known.source == source && known.server.conninfo != found.conninfo) {
    index.move(*at, full_address_of(known.server.conninfo), full_address_of(found.conninfo));
    known.server.conninfo = found.conninfo;
    known.alias.reset();
  }
  known.listed_by.insert(source);
}

void Roster::take_sightings(std::span<const Sighting> sightings, Instant now) {
  SightingsByName by_name;
  for (const Sighting& sighting : sightings) {
    by_name.try_emplace(sighting.server, &sighting);
  }
  // A server that does not answer stays what it was; one that answers as another postmaster has
  // been restarted, or its name leads elsewhere now.
  const auto still_holds = [&by_name](const Alias& alias) {
    const Sighting* original = find(by_name, alias.of);
    return original != nullptr && alias.postmaster_start_time &&
           (!original->postmaster_start_time ||
            original->postmaster_start_time == alias.postmaster_start_time);
  };
  // Only what stands before an entry: of two, one is the original.
  Originals originals;
  for (Entry& entry : entries_) {
    const Sighting* own = find(by_name, entry.server.name);
    if (entry.source && entry.alias && !still_holds(*entry.alias)) {
      entry.alias.reset();
    }
    if (entry.source && !entry.alias) {
      entry.alias = originals.find(entry, own);
    }
    if (!entry.alias && own != nullptr) {
      originals.add(entry, *own);
    }
  }
  forget_gone(by_name, now);
}

void Roster::forget_gone(const SightingsByName& sightings, Instant now) {
  std::set<std::string_view> stand_for_others;
  for (const Entry& entry : entries_) {
    if (entry.alias && !entry.listed_by.empty()) {
      stand_for_others.insert(entry.alias->of);
    }
  }
  const auto is_wanted = [&](const Entry& entry) {
    if (!entry.source || !entry.listed_by.empty()) {
      return true;
    }
    const Sighting* own = find(sightings, entry.server.name);
    const bool answers = own != nullptr && own->postmaster_start_time;
    return (answers && sources_.at(*entry.source).coverage == Coverage::Partial) ||
           stand_for_others.contains(entry.server.name);
  };
  for (Entry& entry : entries_) {
    if (is_wanted(entry)) {
      entry.gone_since.reset();
    } else if (!entry.gone_since) {
      entry.gone_since = now;
    }
  }
  std::erase_if(entries_, [&](const Entry& entry) {
    return entry.gone_since && now - *entry.gone_since >= forget_after_;
  });
}

std::vector<config::Server> Roster::watched() const {
  std::vector<config::Server> servers;
  for (const Entry& entry : entries_) {
    if (!entry.alias) {
      servers.push_back(entry.server);
    }
  }
  return servers;
}

std::vector<std::string> Roster::failures() const {
  std::vector<std::string> failures;
  for (const Source& source : sources_) {
    if (source.failure) {
      failures.push_back(*source.failure);
    }
  }
  if (std::ranges::any_of(sources_, &Source::overflows)) {
    failures.push_back(
        "more than " + std::to_string(most_) + " servers are found; the others are not watched"
    );
  }
  return failures;
}

}  // namespace pgrepl::discovery
