// What was asked on the command line and by PG_EXPORTER_* variables.
#pragma once

#include "config/sources.h"
#include "log/log.h"

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pgrepl {

enum class Command { Serve, Check, Doctor, Healthcheck, Metrics, Status };

enum class ReferenceFormat { Markdown, Json };

// What `status` alone understands.
struct StatusFlags {
  std::optional<std::string> url;  // of a running exporter
  std::string user;                // of its web server; empty: none
  std::optional<std::string> password_file;
  std::string ca_file;  // empty: the system's
  std::string cert_file;
  std::string key_file;
  bool watch = false;
  bool json = false;
};

struct CommandLine {
  Command command = Command::Serve;
  ReferenceFormat reference_format = ReferenceFormat::Markdown;  // of the command metrics
  std::optional<std::string> config_file;
  config::Flags flags;
  bool every_database = false;  // --auto-discover-databases
  bool connects = false;        // check --connect
  StatusFlags status;
  log::Level log_level = log::Level::Info;
  log::Format log_format = log::Format::Logfmt;
};

// Nothing is left to do but to end with this status, after printing the text (to standard output
// when it is 0).
struct EndNow {
  int status;
  std::string text;
};

[[nodiscard]] std::variant<CommandLine, EndNow> parse_command_line(
    int argc, char** argv, const std::string& version
);

}  // namespace pgrepl
