// Conninfo strings and URIs. An error quotes nothing of them.
#include "fuzz/input.h"
#include "pg/conninfo.h"
#include "session/conninfo_parser.h"

#include <string>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgrepl;
  const auto parsed = session::parse_conninfo(fuzz::text(data, size));
  if (!parsed) {
    fuzz::promise(!parsed.error().empty());
    return 0;
  }
  fuzz::promise(!parsed->empty());
  for (const pg::ConnInfo& one : *parsed) {
    (void)to_string(one.endpoint);
    fuzz::promise(!one.parameter("password"));
  }
  return 0;
}
