// What calls itself Patroni, and the HTTP around its answer.
#include "discovery/patroni_cluster.h"
#include "fetch/response.h"
#include "fuzz/input.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace {

using namespace pgrepl;

constexpr std::size_t kLargestBody = 200;

Expected<fetch::Response, std::string> read(std::string_view bytes, std::size_t piece) {
  fetch::ResponseReader reader{kLargestBody};
  bool wants_more = true;
  while (wants_more && !bytes.empty()) {
    wants_more = reader.take(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (wants_more) {
    reader.close();
  }
  return reader.result();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{fuzz::text(data, size)};
  const auto answer = read(text, text.size());
  // In whatever pieces it comes, it means the same.
  const auto in_pieces = read(text, 1 + size % 7);
  fuzz::promise(answer.has_value() == in_pieces.has_value());
  if (answer) {
    fuzz::promise(answer->body == in_pieces->body && answer->status == in_pieces->status);
    fuzz::promise(answer->body.size() <= kLargestBody);
  } else {
    fuzz::promise(answer.error() == in_pieces.error());
  }
  const auto cluster = discovery::parse_patroni_cluster(answer ? answer->body : text);
  if (cluster) {
    for (const auto& member : cluster->members) {
      fuzz::promise(!member.endpoint.host.empty());
    }
  }
  return 0;
}
