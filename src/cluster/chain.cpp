#include "cluster/chain.h"

#include <algorithm>

namespace pgrepl::cluster {

namespace {

bool is_streaming(const ServerSample& sample) {
  return sample.tick && sample.tick->reading.receiver &&
         sample.tick->reading.receiver->status == "streaming";
}

using Links = std::vector<std::optional<std::size_t>>;

Links find_links(
    std::span<const ServerSample> samples, std::span<const std::optional<SenderMatch>> matches
) {
  Links links(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    // A sender keeps its row for a receiver that has all of an old timeline and only waits.
    if (matches[i] && (is_streaming(samples[i]) || !samples[i].tick)) {
      links[i] = matches[i]->upstream;
    } else if (is_streaming(samples[i])) {
      links[i] = named_upstream(samples, i);
    }
  }
  return links;
}

Chain end_at(const ServerSample& top, bool is_primary) {
  if (is_primary) {
    return Chain::Primary;
  }
  if (!top.tick || top.tick->reading.role == Role::Primary) {
    return Chain::Unknown;
  }
  const TickReading& reading = top.tick->reading;
  if (is_streaming(top)) {
    return Chain::Elsewhere;
  }
  if (reading.receiver || reading.receiver.is_hidden()) {
    return Chain::Unknown;
  }
  const bool archive = restores_from_archive(top).value_or(false);
  return archive ? Chain::Elsewhere : Chain::Broken;
}

}  // namespace

std::vector<ChainEnd> judge_chains(
    std::span<const ServerSample> samples,
    std::span<const std::optional<SenderMatch>> matches,
    std::optional<std::size_t> primary
) {
  const Links links = find_links(samples, matches);
  std::vector<ChainEnd> ends(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    std::size_t at = i;
    std::size_t steps = 0;
    while (links[at] && at != primary && steps <= samples.size()) {
      at = *links[at];
      ++steps;
    }
    ends[i] = steps > samples.size() ? ChainEnd{Chain::Loop, at}
                                     : ChainEnd{end_at(samples[at], at == primary), at};
  }
  return ends;
}

std::vector<std::size_t> told_from_afar(
    std::span<const ServerSample> samples,
    std::span<const std::optional<SenderMatch>> matches,
    const Memory& memory
) {
  const auto was_standby = [&memory](const ServerSample& sample) {
    const auto known = memory.servers.find(sample.name);
    return known != memory.servers.end() && known->second.role == Role::Standby;
  };
  const Links links = find_links(samples, matches);
  std::vector<std::size_t> told;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const bool from_afar =
        !links[i] || (!samples[*links[i]].tick && !was_standby(samples[*links[i]]));
    if (is_streaming(samples[i]) && from_afar) {
      told.push_back(i);
    }
  }
  return told;
}

bool follows_from_afar(
    std::span<const ServerSample> samples, std::span<const std::optional<SenderMatch>> matches
) {
  const bool all_standbys = std::ranges::all_of(samples, [](const ServerSample& sample) {
    return sample.tick && sample.tick->reading.role == Role::Standby;
  });
  const Links links = find_links(samples, matches);
  for (std::size_t i = 0; all_standbys && i < samples.size(); ++i) {
    if (is_streaming(samples[i]) && !links[i]) {
      return true;
    }
  }
  return false;
}

}  // namespace pgrepl::cluster
