#include "cluster/endpoint.h"

#include <algorithm>
#include <utility>

namespace pgrepl::cluster {

namespace {

bool may_be_related(const EndpointReading& reading, const ServerSample& sample) {
  const auto birth = birth_of(sample);
  return !birth || !reading.system_identifier || birth == reading.system_identifier;
}

bool answers_as(const EndpointReading& reading, const ServerSample& sample) {
  return sample.tick &&
         sample.tick->reading.postmaster_start_time == reading.postmaster_start_time &&
         may_be_related(reading, sample);
}

// Whether it is known to be of this cluster. What hides its identifier may be.
bool is_of_cluster(
    const EndpointReading& reading,
    std::span<const ServerSample> samples,
    std::optional<pg::SystemIdentifier> birth
) {
  if (!reading.system_identifier) {
    return true;
  }
  if (birth) {
    return birth == reading.system_identifier;
  }
  return std::ranges::any_of(samples, [&reading](const ServerSample& sample) {
    return birth_of(sample) == reading.system_identifier;
  });
}

bool has_expected_role(const EndpointProbe& probe, const EndpointReading& reading) {
  if (probe.expects_any) {
    return true;
  }
  const bool writable = reading.role == Role::Standby || !reading.read_only;
  return reading.role == probe.expect && writable;
}

}  // namespace

std::vector<EndpointStatus> describe_endpoints(
    std::span<const EndpointProbe> probes,
    std::span<const ServerSample> samples,
    std::optional<pg::SystemIdentifier> birth
) {
  std::vector<EndpointStatus> all;
  for (const EndpointProbe& probe : probes) {
    EndpointStatus status{.probe = probe};
    if (const auto& reading = probe.reading) {
      status.ok = has_expected_role(probe, *reading) && is_of_cluster(*reading, samples, birth);
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
