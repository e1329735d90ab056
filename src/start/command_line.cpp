#include "start/command_line.h"

#include "session/libpq_facts.h"
#include "support/expected.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <sstream>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

namespace pgrepl {

namespace {

// --web.listen-address is also PG_EXPORTER_WEB_LISTEN_ADDRESS.
std::string variable_of(std::string flag) {
  std::string name = "PG_EXPORTER_";
  for (const char c : flag) {
    name += c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(c));
  }
  return name;
}

template <class T>
void add_flag(CLI::App& app, const std::string& name, T& value, const std::string& help) {
  app.add_option("--" + name, value, help)->envname(variable_of(name));
}

// What the community exporter has as well.
void add_compatible_flags(CLI::App& app, CommandLine& line) {
  app.add_flag(
         "--auto-discover-databases",
         line.every_database,
         "Ask queries about a database in every database"
  )
      ->envname(variable_of("auto-discover-databases"));
  app.add_option(
         "--include-databases",
         line.flags.include_databases,
         "Databases to ask them in, separated by commas; * stands for any text"
  )
      ->delimiter(',')
      ->envname(variable_of("include-databases"));
  app.add_option(
         "--exclude-databases", line.flags.exclude_databases, "Databases not to ask them in"
  )
      ->delimiter(',')
      ->envname(variable_of("exclude-databases"));
  app.add_flag(
         "--compat.legacy-names",
         line.flags.legacy_names,
         "Also export the names of older releases of the community exporter"
  )
      ->envname(variable_of("compat.legacy-names"));
}

void add_flags(CLI::App& app, CommandLine& line, std::string& level, std::string& format) {
  add_flag(
      app,
      "config.file",
      line.config_file,
      "Configuration file (YAML); none is needed when "
      "DATA_SOURCE_NAME names the servers"
  );
  add_flag(
      app,
      "web.listen-address",
      line.flags.listen_addresses,
      "Address to listen on, repeatable [:9187]"
  );
  add_flag(app, "web.telemetry-path", line.flags.telemetry_path, "Path of the metrics [/metrics]");
  add_flag(
      app, "web.config.file", line.flags.web_config_file, "File with TLS, logins and headers (YAML)"
  );
  app.add_flag("--web.enable-lifecycle", line.flags.enable_lifecycle, "Answer POST /-/reload")
      ->envname(variable_of("web.enable-lifecycle"));
  add_flag(
      app,
      "extend.query-path",
      line.flags.extend_query_paths,
      "File with further queries, repeatable"
  );
  add_flag(app, "log.level", level, "debug, info, warn or error [info]");
  add_flag(app, "log.format", format, "logfmt or json [logfmt]");
}

const CLI::App* add_status(CLI::App& app, StatusFlags& flags) {
  CLI::App* status = app.add_subcommand(
      "status", "Show clusters, servers and lag; fails when something is wrong with them"
  );
  add_flag(*status, "url", flags.url, "Ask a running exporter: http[s]://host:port");
  add_flag(*status, "user", flags.user, "Login of the exporter's web server");
  add_flag(*status, "password-file", flags.password_file, "File with its password");
  add_flag(*status, "ca-file", flags.ca_file, "Who signs its certificate [the system's]");
  add_flag(*status, "cert-file", flags.cert_file, "Our own certificate for it");
  add_flag(*status, "key-file", flags.key_file, "The key of our own certificate");
  status->add_flag("--watch", flags.watch, "Show it again every two seconds");
  status->add_flag("--json", flags.json, "The answer of /api/v1/clusters, for scripts");
  return status;
}

std::optional<std::string> take_log_options(
    CommandLine& line, const std::string& level, const std::string& format
) {
  const auto parsed = log::parse_level(level);
  if (!parsed) {
    return "--log.level: expected debug, info, warn or error, found '" + level + "'";
  }
  if (format != "logfmt" && format != "json") {
    return "--log.format: expected logfmt or json, found '" + format + "'";
  }
  line.log_level = *parsed;
  line.log_format = format == "json" ? log::Format::Json : log::Format::Logfmt;
  return std::nullopt;
}

struct RefusedFlag {
  std::string_view name;
  std::string_view instead;
};

// Flags of the community exporter that have no counterpart of their name.
constexpr RefusedFlag kRefusedFlags[] = {
    {"--disable-default-metrics", "list the queries in queries.disable of the configuration"},
    {"--disable-settings-metrics", "use --no-collector.settings"},
    {"--metric-prefix", "names are fixed; rename them by relabelling in Prometheus"},
    {"--constantLabels", "use `labels` of the cluster in the configuration file"},
    {"--collection-timeout", "use sampling.timeout in the configuration file"},
    {"--dumpmaps", "use the command `metrics`"},
    {"--web.systemd-socket", "use --web.listen-address"},
    {"--collector.stat_statements.",
     "texts and other limits are not exported; see docs/queries.md"},
};

// The community exporter's names of queries that have another one here. xlog_location has nothing
// to say of a PostgreSQL that is still supported.
void add_query(std::string_view name, std::vector<std::string>& queries) {
  if (name == "replication_slot") {
    queries.emplace_back("replication_slots");
  } else if (name == "bgwriter") {
    queries.emplace_back("stat_bgwriter");
  } else if (name != "xlog_location") {
    queries.emplace_back(name);
  }
}

// --collector.NAME and --no-collector.NAME switch one query each; the rest is CLI11's to read. The
// error says what to use instead of a flag that we do not have.
Expected<std::vector<std::string>, std::string> take_collector_flags(
    int argc, char** argv, config::Flags& flags
) {
  std::vector<std::string> rest;
  for (const std::string_view word : std::span{argv, static_cast<std::size_t>(argc)}.subspan(1)) {
    const auto* refused = std::ranges::find_if(kRefusedFlags, [word](const RefusedFlag& flag) {
      return word.starts_with(flag.name);
    });
    if (refused != std::end(kRefusedFlags)) {
      return Unexpected<std::string>{
          std::string{word} + ": not supported; " + std::string{refused->instead}};
    }
    constexpr std::string_view kOn = "--collector.";
    constexpr std::string_view kOff = "--no-collector.";
    if (word.starts_with(kOn)) {
      add_query(word.substr(kOn.size()), flags.enable_queries);
    } else if (word.starts_with(kOff)) {
      add_query(word.substr(kOff.size()), flags.disable_queries);
    } else {
      rest.emplace_back(word);
    }
  }
  std::ranges::reverse(rest);  // as CLI11 takes them
  return rest;
}

// The commands, and what `metrics` alone understands.
class Commands {
 public:
  Commands(CLI::App& app, CommandLine& line) {
    app.add_subcommand("serve", "Serve the metrics (what it does without a command)");
    CLI::App* check =
        add(app, Command::Check, "check", "Validate the configuration and the query files");
    check->add_flag(
        "--connect", line.connects, "Also run every query on every server, and say what came of it"
    );
    add(app,
        Command::Doctor,
        "doctor",
        "Say what is missing on each server for monitoring and safe replication");
    add(app, Command::Healthcheck, "healthcheck", "Ask the running exporter's /-/healthy");
    CLI::App* metrics = add(app, Command::Metrics, "metrics", "List every series it can export");
    metrics->add_option("--format", reference_, "markdown or json [markdown]")
        ->check(CLI::IsMember({"markdown", "json"}));
    commands_.emplace_back(Command::Status, add_status(app, line.status));
  }

  [[nodiscard]] Command parsed() const {
    const auto given = std::ranges::find_if(commands_, [](const auto& command) {
      return command.second->parsed();
    });
    return given == commands_.end() ? Command::Serve : given->first;
  }

  [[nodiscard]] ReferenceFormat reference() const {
    return reference_ == "json" ? ReferenceFormat::Json : ReferenceFormat::Markdown;
  }

 private:
  CLI::App* add(CLI::App& app, Command command, const char* name, const char* help) {
    CLI::App* added = app.add_subcommand(name, help);
    commands_.emplace_back(command, added);
    return added;
  }

  std::string reference_ = "markdown";
  std::vector<std::pair<Command, const CLI::App*>> commands_;
};

}  // namespace

std::variant<CommandLine, EndNow> parse_command_line(
    int argc, char** argv, const std::string& version
) {
  CommandLine line;
  std::string level = "info";
  std::string format = "logfmt";
  CLI::App app{"Prometheus exporter and replication-lag monitor for PostgreSQL clusters"};
  app.name("pg_replication_exporter");
  app.set_version_flag("--version", [version] {
    return "pg_replication_exporter " + version + "\n" + session::describe_libpq();
  });
  app.fallthrough();
  app.require_subcommand(0, 1);
  add_flags(app, line, level, format);
  add_compatible_flags(app, line);
  const Commands commands{app, line};
  try {
    auto words = take_collector_flags(argc, argv, line.flags);
    if (!words) {
      return EndNow{2, words.error() + "\n"};
    }
    app.parse(std::move(*words));
  } catch (const CLI::ParseError& e) {
    std::ostringstream out;
    const bool asked = e.get_exit_code() == 0;
    app.exit(e, out, out);
    return EndNow{asked ? 0 : 2, out.str()};
  }
  if (auto mistake = take_log_options(line, level, format)) {
    return EndNow{2, *mistake + "\n"};
  }
  if (line.every_database && line.flags.include_databases.empty()) {
    line.flags.include_databases.emplace_back("*");
  }
  line.command = commands.parsed();
  line.reference_format = commands.reference();
  return line;
}

}  // namespace pgrepl
