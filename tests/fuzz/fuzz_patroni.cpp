// What calls itself Patroni.
#include "discovery/patroni_cluster.h"
#include "fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgrepl;
  const auto cluster = discovery::parse_patroni_cluster(fuzz::text(data, size));
  if (cluster) {
    for (const auto& member : cluster->members) {
      fuzz::promise(!member.endpoint.host.empty());
    }
  }
  return 0;
}
