#include "cluster/endpoint.h"

#include <algorithm>
#include <utility>

namespace pgrepl::cluster {

namespace {

std::optional<pg::SystemIdentifier> birth_of(const ServerSample& sample) {
  return sample.facts ? sample.facts->system_identifier : std::nullopt;
}

bool may_be_related(const EndpointReading& reading, const ServerSample& sample) {
  const auto birth = birth_of(sample);
  return !birth || !reading.system_identifier || birth == reading.system_identifier;
}

bool answers_as(const EndpointReading& reading, const ServerSample& sample) {
  return sample.tick &&
         sample.tick->reading.postmaster_start_time == reading.postmaster_start_time &&
         may_be_related(reading, sample);
}

bool leads_where_expected(
    const EndpointProbe& probe,
    const EndpointReading& reading,
    std::span<const ServerSample> samples
) {
  const bool writable = reading.role == Role::Standby || !reading.read_only;
  const bool related =
      samples.empty() || std::ranges::any_of(samples, [&reading](const ServerSample& sample) {
        return may_be_related(reading, sample);
      });
  return reading.role == probe.expect && writable && related;
}

}  // namespace

std::vector<EndpointStatus> describe_endpoints(
    std::span<const EndpointProbe> probes, std::span<const ServerSample> samples
) {
  std::vector<EndpointStatus> all;
  for (const EndpointProbe& probe : probes) {
    EndpointStatus status{.probe = probe};
    if (const auto& reading = probe.reading) {
      status.ok = leads_where_expected(probe, *reading, samples);
      const auto server = std::ranges::find_if(samples, [&reading](const ServerSample& sample) {
        return answers_as(*reading, sample);
      });
      if (server != samples.end()) {
        status.server = server->name;
      }
    }
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace pgrepl::cluster
