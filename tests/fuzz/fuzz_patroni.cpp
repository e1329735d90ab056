// What calls itself Patroni, and the HTTP around its answer.
#include "discovery/patroni_cluster.h"
#include "fetch/get.h"
#include "fuzz/input.h"

#include <string>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgrepl;
  const std::string text{fuzz::text(data, size)};
  const auto answer = http::parse_answer(text);
  if (answer) {
    fuzz::promise(text.ends_with(answer->body));
  }
  const auto cluster = discovery::parse_patroni_cluster(answer ? answer->body : text);
  if (cluster) {
    for (const auto& member : cluster->members) {
      fuzz::promise(!member.endpoint.host.empty());
    }
  }
  return 0;
}
