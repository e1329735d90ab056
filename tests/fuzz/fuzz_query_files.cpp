// Query files of all formats, and the ranges of versions in them.
#include "catalogue/load.h"
#include "catalogue/semver.h"
#include "fuzz/input.h"

#include <array>
#include <string>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgrepl;
  const std::string text{fuzz::text(data, size)};
  const std::array files{catalogue::SourceText{"fuzz.yaml", text, true}};
  if (const auto loaded = catalogue::load(files)) {
    (void)to_string(catalogue::mistakes_of(*loaded));
  } else {
    fuzz::promise(!to_string(loaded.error()).empty());
  }
  (void)catalogue::parse_semver_range(text);
  return 0;
}
