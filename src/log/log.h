// Structured log lines: a sentence and key=value fields, as logfmt or JSON, on standard error.
// For the folders that do I/O; the pure ones return events and errors instead.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace pgrepl::log {

enum class Level { Debug, Info, Warning, Error };
enum class Format { Logfmt, Json };

struct Field {
  std::string_view key;
  std::string value;
};

// "debug", "info", "warn" or "warning", "error"; absent for anything else.
[[nodiscard]] std::optional<Level> parse_level(std::string_view text);

// Until it is called, lines from Info up go out as logfmt.
void configure(Level least, Format format);

// `component` is the folder that speaks: session, sampling, http, monitor.
void write(
    Level level,
    std::string_view component,
    std::string_view message,
    std::initializer_list<Field> fields = {}
);

}  // namespace pgrepl::log
