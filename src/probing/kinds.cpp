#include "probing/kinds.h"

#include "probing/endpoint_prober.h"
#include "probing/pgbouncer_prober.h"

namespace pgrepl::probing {

namespace {

// A kind: where the configuration lists its targets, and who probes one of them.
template <auto List, class ProberOf>
struct Kind {
  static void add_targets(const config::Cluster& configured, std::vector<Target>& targets) {
    targets.insert(targets.end(), (configured.*List).begin(), (configured.*List).end());
  }

  static std::unique_ptr<Prober> make(
      loop::Loop loop,
      session::Network& network,
      const Target& target,
      const config::Sampling& sampling
  ) {
    using Configured = typename ProberOf::Configured;
    const auto* configured = std::get_if<Configured>(&target);
    return configured == nullptr ? nullptr
                                 : std::make_unique<ProberOf>(loop, network, *configured, sampling);
  }
};

struct Row {
  decltype(&Kind<&config::Cluster::endpoints, EndpointProber>::add_targets) add_targets;
  decltype(&Kind<&config::Cluster::endpoints, EndpointProber>::make) make;
};

template <auto List, class ProberOf>
constexpr Row row_of() {
  return {&Kind<List, ProberOf>::add_targets, &Kind<List, ProberOf>::make};
}

constexpr Row kKinds[] = {
    row_of<&config::Cluster::endpoints, EndpointProber>(),
    row_of<&config::Cluster::pgbouncers, PgBouncerProber>(),
};

}  // namespace

std::vector<Target> targets_of(const config::Cluster& configured) {
  std::vector<Target> targets;
  for (const Row& kind : kKinds) {
    kind.add_targets(configured, targets);
  }
  return targets;
}

std::unique_ptr<Prober> make_prober(
    loop::Loop loop,
    session::Network& network,
    const Target& target,
    const config::Sampling& sampling
) {
  std::unique_ptr<Prober> made;
  for (const Row& kind : kKinds) {
    made = made ? std::move(made) : kind.make(loop, network, target, sampling);
  }
  return made;
}

}  // namespace pgrepl::probing
