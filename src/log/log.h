// Structured log lines: a sentence and key=value fields, as logfmt or JSON, on standard error.
// For the folders that do I/O; the pure ones return events and errors instead.
#pragma once

#include <chrono>
#include <cstdint>
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

// From now on a thread of its own writes the lines: a reader of standard error that stands still
// holds up nobody who writes one. A line beyond the thousand that wait replaces the oldest of them.
// To be called at most once, after configure().
void write_in_background();

// How many lines were replaced so since the start.
[[nodiscard]] std::uint64_t dropped_lines();

// Writes out what waits, and goes on without the thread. False when that takes longer than
// `patience`; nothing is to be written after that, and the process is to end by std::_Exit(), since
// the thread still holds standard error.
[[nodiscard]] bool finish(std::chrono::milliseconds patience);

// `component` is the folder that speaks: session, sampling, http, monitor.
void write(
    Level level,
    std::string_view component,
    std::string_view message,
    std::initializer_list<Field> fields = {}
);

}  // namespace pgrepl::log
