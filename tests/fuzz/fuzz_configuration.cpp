// The configuration file. No error may quote a password that stands elsewhere, in a file that it
// names or in the environment.
#include "config/load.h"
#include "fuzz/input.h"
#include "session/conninfo_parser.h"

#include <string>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgrepl;
  const std::string text{fuzz::text(data, size)};
  const std::string secret = "mArKeR-4711";
  const auto loaded = config::load({
      .config_file = "fuzz.yaml",
      .read_file = [&text, &secret](const std::string& name) -> Expected<std::string, std::string> {
        return name == "fuzz.yaml" ? text : secret;
      },
      .environment = {{"PGPASSWORD", secret}, {"DATA_SOURCE_PASS", secret}},
      .flags = {},
      .parse_conninfo = session::parse_conninfo,
  });
  // Whoever writes it into the file, or has it put there by ${…}, may read it in the errors.
  const bool quoted =
      text.find(secret) != std::string::npos || text.find("${") != std::string::npos;
  if (!loaded && !quoted) {
    fuzz::promise(to_string(loaded.error()).find(secret) == std::string::npos);
  }
  return 0;
}
