#include "config/limits.h"

#include <charconv>
#include <string>
#include <utility>

namespace pgrepl::config {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kKibi = std::size_t{1} << 10U;
constexpr std::size_t kMebi = std::size_t{1} << 20U;
constexpr std::size_t kGibi = std::size_t{1} << 30U;

struct Range {
  std::size_t least;
  std::size_t most;
  const char* words;
};

std::size_t read_bytes(
    yaml::Reader& reader, std::string_view key, std::size_t otherwise, const Range& range
) {
  const auto text = reader.text(key);
  if (!text) {
    return otherwise;
  }
  const auto bytes = parse_bytes(*text);
  if (!bytes) {
    reader.error(key, "expected a size with its unit, such as 32MiB or 4KiB");
  } else if (*bytes < range.least || *bytes > range.most) {
    reader.error(key, std::string{"must be from "} + range.words);
  }
  return bytes.value_or(otherwise);
}

milliseconds read_interval(yaml::Reader& reader, milliseconds otherwise) {
  constexpr std::string_view kKey = "min_round_interval";
  const auto interval = reader.duration(kKey);
  if (interval && *interval > std::chrono::minutes{1}) {
    reader.error(kKey, "must be from 0s to 1m");
  }
  return interval.value_or(otherwise);
}

}  // namespace

std::optional<std::size_t> parse_bytes(std::string_view text) {
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{}) {
    return std::nullopt;
  }
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const std::pair<std::string_view, std::size_t> units[] = {
      {"B", 1}, {"KiB", kKibi}, {"MiB", kMebi}, {"GiB", kGibi}};
  for (const auto& [name, size] : units) {
    if (unit == name) {
      return number <= kGibi ? std::optional{number * size} : std::nullopt;
    }
  }
  return std::nullopt;
}

Limits read_limits(const yaml::Node& node, Errors& errors) {
  const Limits standard;
  yaml::Reader reader{node, errors};
  Limits limits{
      .answer_bytes =
          read_bytes(reader, "answer_bytes", standard.answer_bytes, {kMebi, kGibi, "1MiB to 1GiB"}),
      .text_bytes =
          read_bytes(reader, "text_bytes", standard.text_bytes, {128, kMebi, "128B to 1MiB"}),
  };
  constexpr std::int64_t kMostSeries = 10'000'000;
  const auto series = reader.integer("series_per_server", 1000, kMostSeries);
  limits.series_per_server =
      series ? static_cast<std::size_t>(*series) : standard.series_per_server;
  constexpr std::int64_t kMostServers = 100'000;
  const auto servers = reader.integer("discovered_servers", 1, kMostServers);
  limits.discovered_servers =
      servers ? static_cast<std::size_t>(*servers) : standard.discovered_servers;
  limits.min_round_interval = read_interval(reader, standard.min_round_interval);
  reader.finish();
  return limits;
}

}  // namespace pgrepl::config
