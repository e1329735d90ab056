#include "discovery/roster.h"

#include <algorithm>
#include <utility>

namespace pgrepl::discovery {

namespace {

bool is_same_address(const pg::ConnInfo& a, const pg::ConnInfo& b) {
  return a.endpoint.port == b.endpoint.port && address_of(a) == address_of(b);
}

const Sighting* find_sighting(std::span<const Sighting> sightings, const std::string& server) {
  const auto found = std::ranges::find(sightings, server, &Sighting::server);
  return found == sightings.end() ? nullptr : &*found;
}

bool is_same_postmaster(const Sighting& a, const Sighting& b) {
  const bool differ_by_birth =
      a.system_identifier && b.system_identifier && a.system_identifier != b.system_identifier;
  return a.postmaster_start_time && a.postmaster_start_time == b.postmaster_start_time &&
         !differ_by_birth;
}

bool resolves_to(const Sighting* sighting, const std::string& address) {
  return sighting != nullptr && sighting->addresses.size() == 1 &&
         sighting->addresses.front() == address;
}

}  // namespace

std::string address_of(const pg::ConnInfo& conninfo) {
  const auto hostaddr = conninfo.parameter("hostaddr");
  return hostaddr ? std::string{*hostaddr} : conninfo.endpoint.host;
}

Roster::Roster(
    std::vector<config::Server> configured,
    std::vector<Coverage> sources,
    std::chrono::milliseconds forget_after
)
    : forget_after_(forget_after) {
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
  for (const Entry& found : before.entries_) {
    if (!found.source || !numbers[*found.source]) {
      continue;
    }
    const auto stands_for_it = [&found](const Entry& known) {
      return known.server.name == found.server.name ||
             is_same_address(known.server.conninfo, found.server.conninfo);
    };
    if (std::ranges::any_of(entries_, stands_for_it)) {
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
    entries_.push_back(std::move(entry));
  }
}

void Roster::take_answer(std::size_t source, const std::vector<config::Server>& found) {
  sources_.at(source).has_spoken = true;
  sources_.at(source).failure.reset();
  sources_.at(source).unsorted = found;
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
  for (std::size_t source = 0; source < sources_.size(); ++source) {
    for (const config::Server& found : std::exchange(sources_[source].unsorted, {})) {
      enter(source, found);
    }
  }
}

// A server that moved keeps its name when its source names it; else its address is what it is.
Roster::Entry* Roster::find_listed(std::size_t source, const config::Server& found) {
  auto entry = std::ranges::find_if(entries_, [&](const Entry& known) {
    return known.source == source && known.given_name == found.name;
  });
  if (entry == entries_.end()) {
    entry = std::ranges::find_if(entries_, [&](const Entry& known) {
      return is_same_address(known.server.conninfo, found.conninfo);
    });
  }
  return entry == entries_.end() ? nullptr : &*entry;
}

std::string Roster::free_name(const config::Server& found) const {
  const auto is_taken = [this](const std::string& name) {
    return std::ranges::any_of(entries_, [&](const Entry& e) { return e.server.name == name; });
  };
  std::string name = found.name;
  if (is_taken(name)) {
    name += '/' + to_string(pg::Endpoint{address_of(found.conninfo), found.conninfo.endpoint.port});
  }
  return name;
}

void Roster::enter(std::size_t source, const config::Server& found) {
  Entry* known = find_listed(source, found);
  if (known == nullptr) {
    Entry entry{.server = found, .given_name = found.name, .source = source};
    entry.server.name = free_name(found);
    known = &entries_.emplace_back(std::move(entry));
  } else if (known->source == source && known->server.conninfo != found.conninfo) {
    known->server.conninfo = found.conninfo;
    known->alias.reset();
  }
  known->listed_by.insert(source);
}

std::optional<Roster::Alias> Roster::find_original(
    const Entry& entry, std::span<const Sighting> sightings
) const {
  const Sighting* own = find_sighting(sightings, entry.server.name);
  for (const Entry& other : entries_) {
    if (&other == &entry) {
      break;  // only what stands before it: of two, one is the original
    }
    const Sighting* theirs = find_sighting(sightings, other.server.name);
    if (other.alias || theirs == nullptr) {
      continue;
    }
    if (own != nullptr && is_same_postmaster(*own, *theirs)) {
      return Alias{other.server.name, own->postmaster_start_time};
    }
    const bool own_answers = own != nullptr && own->postmaster_start_time;
    if (!own_answers &&
        entry.server.conninfo.endpoint.port == other.server.conninfo.endpoint.port &&
        resolves_to(theirs, address_of(entry.server.conninfo))) {
      return Alias{other.server.name, std::nullopt};
    }
  }
  return std::nullopt;
}

// A server that does not answer stays what it was; one that answers as another postmaster has been
// restarted, or its name leads elsewhere now.
bool Roster::still_holds(const Alias& alias, std::span<const Sighting> sightings) const {
  const Sighting* original = find_sighting(sightings, alias.of);
  return original != nullptr && (!alias.postmaster_start_time || !original->postmaster_start_time ||
                                 original->postmaster_start_time == alias.postmaster_start_time);
}

void Roster::take_sightings(std::span<const Sighting> sightings, Instant now) {
  for (Entry& entry : entries_) {
    if (!entry.source) {
      continue;
    }
    const bool by_address = entry.alias && !entry.alias->postmaster_start_time;
    if (entry.alias && (by_address || !still_holds(*entry.alias, sightings))) {
      entry.alias.reset();
    }
    if (!entry.alias) {
      entry.alias = find_original(entry, sightings);
    }
  }
  forget_gone(sightings, now);
}

bool Roster::is_wanted(const Entry& entry, std::span<const Sighting> sightings) const {
  if (!entry.source || !entry.listed_by.empty()) {
    return true;
  }
  const Sighting* own = find_sighting(sightings, entry.server.name);
  const bool answers = own != nullptr && own->postmaster_start_time;
  if (answers && sources_.at(*entry.source).coverage == Coverage::Partial) {
    return true;
  }
  return std::ranges::any_of(entries_, [&entry](const Entry& other) {
    return other.alias && other.alias->of == entry.server.name && !other.listed_by.empty();
  });
}

void Roster::forget_gone(std::span<const Sighting> sightings, Instant now) {
  for (Entry& entry : entries_) {
    if (is_wanted(entry, sightings)) {
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
  return failures;
}

}  // namespace pgrepl::discovery
