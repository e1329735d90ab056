#include "cluster/topology.h"

#include <algorithm>
#include <tuple>

namespace pgrepl::cluster {

namespace {

struct Candidate {
  std::size_t standby;
  SenderMatch match;
  int corroborations;      // how many kinds of evidence agree; more is better
  std::uint64_t distance;  // bytes between the two views of its replay position
};

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
  const bool both_known =
      a.facts && b.facts && a.facts->system_identifier && b.facts->system_identifier;
  return !both_known || a.facts->system_identifier == b.facts->system_identifier;
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
  found.corroborations = (slot ? 8 : 0) + (named ? 4 : 0) + (name ? 2 : 0) + (address ? 1 : 0);
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

}  // namespace

bool feeds_a_standby(const WalSender& sender) {
  return sender.slot_type != "logical" && sender.state != "backup" && sender.replay.has_value();
}

std::vector<std::optional<SenderMatch>> match_senders(
    std::span<const ServerSample> samples, const Memory& memory
) {
  auto candidates = all_candidates(samples, memory);
  std::ranges::stable_sort(candidates, [](const Candidate& a, const Candidate& b) {
    return std::tuple{-a.corroborations, a.distance} < std::tuple{-b.corroborations, b.distance};
  });
  std::vector<std::optional<SenderMatch>> matches(samples.size());
  std::vector<std::pair<std::size_t, std::size_t>> taken;
  for (const Candidate& candidate : candidates) {
    const std::pair row{candidate.match.upstream, candidate.match.sender};
    if (!matches[candidate.standby] && std::ranges::find(taken, row) == taken.end()) {
      matches[candidate.standby] = candidate.match;
      taken.push_back(row);
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
  for (std::size_t u = 0; u < samples.size(); ++u) {
    const auto& tick = samples[u].tick;
    for (std::size_t w = 0; tick && w < tick->reading.senders.size(); ++w) {
      const WalSender& sender = tick->reading.senders[w];
      const bool matched = std::ranges::any_of(matches, [u, w](const auto& match) {
        return match && match->upstream == u && match->sender == w;
      });
      const bool left = std::ranges::any_of(samples, [&](const ServerSample& standby) {
        return has_lost_its_receiver(standby) &&
               weigh_remembered(standby, samples[u], sender, memory);
      });
      if (feeds_a_standby(sender) && !matched && !left) {
        unknown.push_back({u, w});
      }
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
