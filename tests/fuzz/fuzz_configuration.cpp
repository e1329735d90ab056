// The configuration file. No error may quote a password of the environment.
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
      .read_file = [&text, &secret](const std::string& name) -> std::optional<std::string> {
        return name == "fuzz.yaml" ? text : secret;
      },
      .environment = {{"PGPASSWORD", secret}, {"DATA_SOURCE_PASS", secret}},
      .flags = {},
      .parse_conninfo = session::parse_conninfo,
  });
  if (!loaded) {
    fuzz::promise(to_string(loaded.error()).find(secret) == std::string::npos);
  }
  return 0;
}
