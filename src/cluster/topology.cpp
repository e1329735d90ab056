#include "cluster/topology.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace pgrepl::cluster {

namespace {

struct Candidate {
  std::size_t standby;
  SenderMatch match;
  int corroborations;      // how many kinds of evidence agree; more is better
  std::uint64_t distance;  // bytes between the two views of its replay position
};

using Row = std::pair<std::size_t, std::size_t>;

const WalReceiver* receiver_of(const ServerSample& sample) {
  return sample.tick && sample.tick->reading.receiver ? &*sample.tick->reading.receiver : nullptr;
}

bool names_endpoint(const WalReceiver& receiver, const ServerSample& upstream) {
  if (!receiver.sender_host || receiver.sender_port != upstream.endpoint.port) {
    return false;
  }
  const std::string& host = *receiver.sender_host;
  return host == upstream.endpoint.host ||
         std::ranges::find(upstream.addresses, host) != upstream.addresses.end() ||
         (upstream.facts && upstream.facts->address == host);
}

bool same_name(const ServerSample& standby, const WalReceiver& receiver, const WalSender& sender) {
  // A standby's application_name is that of primary_conninfo, else cluster_name, else walreceiver
  // (manual, primary_conninfo).
  if (receiver.application_name) {
    return sender.application_name == *receiver.application_name;
  }
  if (standby.facts && !standby.facts->cluster_name.empty()) {
    return sender.application_name == standby.facts->cluster_name;
  }
  return sender.application_name == "walreceiver";
}

bool comes_from(const ServerSample& standby, const WalSender& sender) {
  if (!sender.client_addr) {
    return false;
  }
  return std::ranges::find(standby.addresses, *sender.client_addr) != standby.addresses.end() ||
         standby.endpoint.host == *sender.client_addr ||
         (standby.facts && standby.facts->address == sender.client_addr);
}

std::uint64_t apart(const std::optional<pg::Lsn>& a, const std::optional<pg::Lsn>& b) {
  if (!a || !b) {
    return UINT64_MAX;
  }
  return std::max(pg::bytes_between(*a, *b), pg::bytes_between(*b, *a));
}

// Belonging to another cluster by birth rules a pair out, whatever names say.
bool may_be_related(const ServerSample& a, const ServerSample& b) {
  const auto one = birth_of(a);
  const auto other = birth_of(b);
  return !one || !other || one == other;
}

std::optional<Candidate> weigh(
    const ServerSample& standby, const ServerSample& upstream, const WalSender& sender
) {
  const WalReceiver* receiver = receiver_of(standby);
  if (receiver == nullptr) {
    return std::nullopt;
  }
  const bool slots_differ = receiver->slot_name != sender.slot_name;
  if (slots_differ && (receiver->slot_name || sender.slot_name)) {
    return std::nullopt;
  }
  const bool slot = receiver->slot_name.has_value();
  const bool named = names_endpoint(*receiver, upstream);
  const bool name = same_name(standby, *receiver, sender);
  const bool address = comes_from(standby, sender);
  if (!slot && !name) {
    return std::nullopt;
  }
  Candidate found{};
  found.match.evidence = slot    ? Evidence::Slot
                         : named ? Evidence::Sender
                         : name && sender.application_name != "walreceiver"
                             ? Evidence::ApplicationName
                             : Evidence::Address;
  const bool telling = name && sender.application_name != "walreceiver";
  found.corroborations = (slot ? 16 : 0) + (named ? 8 : 0) + (telling ? 4 : 0) + (address ? 2 : 0) +
                         (name && !telling ? 1 : 0);
  found.distance = apart(standby.tick->reading.position, sender.replay);
  return found;
}

std::optional<Candidate> weigh_remembered(
    const ServerSample& standby,
    const ServerSample& upstream,
    const WalSender& sender,
    const Memory& memory
) {
  const auto known = memory.servers.find(standby.name);
  if (known == memory.servers.end() || !known->second.upstream) {
    return std::nullopt;
  }
  const Upstream& before = *known->second.upstream;
  if (before.server != upstream.name || before.slot_name != sender.slot_name ||
      before.application_name != sender.application_name) {
    return std::nullopt;
  }
  Candidate found{};
  found.match.evidence = Evidence::Remembered;
  found.distance = apart(known->second.position, sender.replay);
  return found;
}

bool has_lost_its_receiver(const ServerSample& sample) {
  return sample.tick && sample.tick->reading.role == Role::Standby &&
         !sample.tick->reading.receiver;
}

std::vector<Candidate> all_candidates(std::span<const ServerSample> samples, const Memory& memory) {
  std::vector<Candidate> candidates;
  for (std::size_t u = 0; u < samples.size(); ++u) {
    const auto& tick = samples[u].tick;
    for (std::size_t w = 0; tick && w < tick->reading.senders.size(); ++w) {
      const WalSender& sender = tick->reading.senders[w];
      for (std::size_t s = 0; feeds_a_standby(sender) && s < samples.size(); ++s) {
        if (s == u || !may_be_related(samples[s], samples[u])) {
          continue;
        }
        auto found = samples[s].tick ? weigh(samples[s], samples[u], sender)
                                     : weigh_remembered(samples[s], samples[u], sender, memory);
        if (found) {
          found->standby = s;
          found->match.upstream = u;
          found->match.sender = w;
          candidates.push_back(*found);
        }
      }
    }
  }
  return candidates;
}

const WalSender& row_at(std::span<const ServerSample> samples, const Row& row) {
  return samples[row.first].tick->reading.senders[row.second];
}

// Gives each standby a row, as many as there can be: where a row suits two, the one that has
// another moves to it. The order of the list does not matter; names decide between equals.
class Assignment {
 public:
  Assignment(std::span<const ServerSample> samples, std::vector<Candidate> candidates)
      : samples_(samples), candidates_(std::move(candidates)), row_of_(samples.size()) {
    std::ranges::sort(candidates_, {}, [this](const Candidate& one) { return rank(one); });
  }

  // The strongest evidence first: what it has given stays.
  [[nodiscard]] std::vector<std::optional<SenderMatch>> solve() {
    for (std::size_t begin = 0; begin < candidates_.size();) {
      std::size_t end = begin;
      while (end < candidates_.size() &&
             candidates_[end].corroborations == candidates_[begin].corroborations) {
        ++end;
      }
      assign_level(begin, end);
      begin = end;
    }
    std::vector<std::optional<SenderMatch>> matches(samples_.size());
    for (std::size_t s = 0; s < samples_.size(); ++s) {
      if (row_of_[s]) {
        matches[s] = candidates_[*row_of_[s]].match;
      }
    }
    return matches;
  }

 private:
  using Rank = std::tuple<int, std::uint64_t, std::string_view, std::string_view, std::int64_t>;

  [[nodiscard]] Rank rank(const Candidate& one) const {
    const auto& upstream = samples_[one.match.upstream];
    return {
        -one.corroborations,
        one.distance,
        samples_[one.standby].name,
        upstream.name,
        upstream.tick->reading.senders[one.match.sender].pid};
  }

  static Row row(const Candidate& one) { return {one.match.upstream, one.match.sender}; }

  void assign_level(std::size_t begin, std::size_t end) {
    // Candidates of this level whose ends no stronger evidence has taken, by standby.
    std::map<std::size_t, std::vector<std::size_t>> open;
    std::vector<std::size_t> order;
    for (std::size_t c = begin; c < end; ++c) {
      if (row_of_[candidates_[c].standby] || taken_.contains(row(candidates_[c]))) {
        continue;
      }
      auto& mine = open[candidates_[c].standby];
      if (mine.empty()) {
        order.push_back(candidates_[c].standby);
      }
      mine.push_back(c);
    }
    for (const std::size_t standby : order) {
      std::set<Row> visited;
      (void)give_row(standby, open, visited);
    }
  }

  bool give_row(
      std::size_t standby,
      const std::map<std::size_t, std::vector<std::size_t>>& open,
      std::set<Row>& visited
  ) {
    const auto& mine = open.at(standby);
    for (const std::size_t c : mine) {
      if (taken_.try_emplace(row(candidates_[c]), standby).second) {
        row_of_[standby] = c;
        return true;
      }
    }
    for (const std::size_t c : mine) {
      const Row wanted = row(candidates_[c]);
      if (visited.insert(wanted).second && give_row(taken_.at(wanted), open, visited)) {
        taken_[wanted] = standby;
        row_of_[standby] = c;
        return true;
      }
    }
    return false;
  }

  std::span<const ServerSample> samples_;
  std::vector<Candidate> candidates_;
  std::vector<std::optional<std::size_t>> row_of_;  // by standby: the candidate it has
  std::map<Row, std::size_t> taken_;                // by row: the standby that has it
};

std::vector<std::optional<SenderMatch>> assign(
    std::span<const ServerSample> samples, std::vector<Candidate> candidates
) {
  return Assignment{samples, std::move(candidates)}.solve();
}

bool bears_name_of(const ServerSample& standby, const WalSender& sender) {
  return sender.application_name == standby.name ||
         (standby.facts && !standby.facts->cluster_name.empty() &&
          sender.application_name == standby.facts->cluster_name);
}

// It cannot say who feeds it, and nothing is remembered of that.
bool has_unknown_sender(const ServerSample& sample, const Memory& memory) {
  const auto known = memory.servers.find(sample.name);
  const bool remembered = known != memory.servers.end() && known->second.upstream;
  const bool was_primary = known != memory.servers.end() && known->second.role == Role::Primary;
  const bool answers = sample.tick && !has_lost_its_receiver(sample);
  return !remembered && !was_primary && !answers;
}

bool may_feed(const ServerSample& standby, const ServerSample& upstream, const WalSender& sender) {
  const bool generic = sender.application_name == "walreceiver";
  const bool by_address = comes_from(standby, sender) && (generic || !standby.tick);
  return may_be_related(standby, upstream) && (bears_name_of(standby, sender) || by_address);
}

// Rows that feed a standby, and none that answers.
std::vector<Row> free_rows(
    std::span<const ServerSample> samples, std::span<const std::optional<SenderMatch>> matches
) {
  std::vector<Row> rows;
  for (std::size_t u = 0; u < samples.size(); ++u) {
    const auto& tick = samples[u].tick;
    for (std::size_t w = 0; tick && w < tick->reading.senders.size(); ++w) {
      const bool matched = std::ranges::any_of(matches, [u, w](const auto& match) {
        return match && match->upstream == u && match->sender == w;
      });
      if (!matched && feeds_a_standby(tick->reading.senders[w])) {
        rows.emplace_back(u, w);
      }
    }
  }
  return rows;
}

std::vector<Row> rows_that_fit(
    std::span<const ServerSample> samples,
    std::size_t standby,
    std::span<const std::optional<SenderMatch>> matches,
    const Memory& memory
) {
  std::vector<Row> rows = free_rows(samples, matches);
  std::erase_if(rows, [&](const Row& row) {
    return row.first == standby || !has_unknown_sender(samples[standby], memory) ||
           !may_feed(samples[standby], samples[row.first], row_at(samples, row));
  });
  return rows;
}

// How many servers that cannot say who feeds them this row may feed.
std::size_t fitting_servers(
    std::span<const ServerSample> samples,
    const Row& row,
    std::span<const std::optional<SenderMatch>> matches,
    const Memory& memory
) {
  std::size_t count = 0;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const bool fits = s != row.first && !matches[s] && has_unknown_sender(samples[s], memory) &&
                      may_feed(samples[s], samples[row.first], row_at(samples, row));
    count += fits ? 1 : 0;
  }
  return count;
}

}  // namespace

bool feeds_a_standby(const WalSender& sender) {
  return sender.slot_type != "logical" && sender.state != "backup" && sender.replay.has_value();
}

std::vector<std::optional<SenderMatch>> match_senders(
    std::span<const ServerSample> samples, const Memory& memory
) {
  auto matches = assign(samples, all_candidates(samples, memory));
  for (std::size_t s = 0; s < samples.size(); ++s) {
    if (matches[s] || !has_unknown_sender(samples[s], memory) || samples[s].tick) {
      continue;
    }
    const auto rows = rows_that_fit(samples, s, matches, memory);
    if (rows.size() == 1 && fitting_servers(samples, rows.front(), matches, memory) == 1) {
      const WalSender& sender = row_at(samples, rows.front());
      matches[s] = SenderMatch{
          .upstream = rows.front().first,
          .sender = rows.front().second,
          .evidence =
              bears_name_of(samples[s], sender) ? Evidence::ApplicationName : Evidence::Address};
    }
  }
  return matches;
}

std::vector<SenderAt> unknown_senders(
    std::span<const ServerSample> samples,
    std::span<const std::optional<SenderMatch>> matches,
    const Memory& memory
) {
  std::vector<SenderAt> unknown;
  for (const Row& row : free_rows(samples, matches)) {
    const WalSender& sender = row_at(samples, row);
    const bool left = std::ranges::any_of(samples, [&](const ServerSample& standby) {
      return has_lost_its_receiver(standby) &&
             weigh_remembered(standby, samples[row.first], sender, memory);
    });
    if (!left && fitting_servers(samples, row, matches, memory) == 0) {
      unknown.push_back({row.first, row.second});
    }
  }
  return unknown;
}

std::optional<std::size_t> named_upstream(
    std::span<const ServerSample> samples, std::size_t standby
) {
  const WalReceiver* receiver = receiver_of(samples[standby]);
  if (receiver == nullptr) {
    return std::nullopt;
  }
  for (std::size_t u = 0; u < samples.size(); ++u) {
    if (u != standby && names_endpoint(*receiver, samples[u]) &&
        may_be_related(samples[standby], samples[u])) {
      return u;
    }
  }
  return std::nullopt;
}

std::vector<std::size_t> answering_primaries(std::span<const ServerSample> samples) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i].tick && samples[i].tick->reading.role == Role::Primary) {
      found.push_back(i);
    }
  }
  return found;
}

}  // namespace pgrepl::cluster
