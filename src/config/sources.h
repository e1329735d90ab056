// Everything a configuration is made of, as values and functions: reading it does no I/O of its
// own.
#pragma once

#include "pg/conninfo.h"
#include "support/expected.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::config {

using Environment = std::map<std::string, std::string>;

// The content of a file. The error is the rest of a sentence that begins with the name: "does not
// exist".
using FileReader = std::function<Expected<std::string, std::string>(const std::string& name)>;

// A conninfo string or URI as one ConnInfo for each host it lists. The error quotes none of it.
using ConnInfoParser =
    std::function<Expected<std::vector<pg::ConnInfo>, std::string>(std::string_view)>;

// What the command line says; it wins over the file.
struct Flags {
  std::vector<std::string> listen_addresses;  // none: not given
  std::optional<std::string> telemetry_path;
  std::optional<std::string> web_config_file;
  std::optional<bool> enable_lifecycle;
  std::vector<std::string> extend_query_paths;  // added to the file's
  std::vector<std::string> enable_queries;      // likewise
  std::vector<std::string> disable_queries;     // likewise
  std::vector<std::string> include_databases;   // likewise
  std::vector<std::string> exclude_databases;   // likewise
  bool legacy_names = false;
};

struct Sources {
  std::optional<std::string> config_file;
  FileReader read_file;
  Environment environment;
  Flags flags;
  ConnInfoParser parse_conninfo;
};

}  // namespace pgrepl::config
