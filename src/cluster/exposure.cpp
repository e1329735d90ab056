#include "cluster/exposure.h"

#include <algorithm>
#include <charconv>

namespace pgrepl::cluster {

namespace {

std::optional<std::uint32_t> hex(std::string_view text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value, 16);
  return problem == std::errc{} && stopped == end ? std::optional{value} : std::nullopt;
}

}  // namespace

Exposure measure_exposure(
    std::optional<pg::Lsn> safe,
    const PrimaryReading& primary,
    const WalHistory& history,
    Instant now
) {
  if (!safe) {
    return {};
  }
  if (*safe >= primary.position) {
    return {.bytes = 0, .time = Seconds::zero()};
  }
  Exposure exposure{.bytes = pg::bytes_between(*safe, primary.position), .time = std::nullopt};
  const auto passed = history.passed_at(*safe);
  const auto oldest = history.oldest();
  if (passed) {
    exposure.time = std::max(Seconds::zero(), Seconds{now - passed->estimate});
  } else if (oldest) {
    exposure.time = std::max(Seconds::zero(), Seconds{now - oldest->at});
  }
  return exposure;
}

std::optional<pg::Lsn> segment_end(std::string_view file_name, std::uint64_t segment_bytes) {
  constexpr std::size_t kNameLength = 24;
  // The archiver takes files in the order of their names: the label of a base backup, named after
  // the segment in which the backup began, comes after that segment.
  if (file_name.size() > kNameLength && file_name.ends_with(".backup")) {
    file_name = file_name.substr(0, kNameLength);
  }
  if (file_name.size() != kNameLength || segment_bytes == 0) {
    return std::nullopt;
  }
  // Timeline, then the number of the segment in two parts (manual, "WAL Internals").
  const auto high = hex(file_name.substr(8, 8));
  const auto low = hex(file_name.substr(16, 8));
  if (!hex(file_name.substr(0, 8)) || !high || !low) {
    return std::nullopt;
  }
  const std::uint64_t segments_per_high = 0x100000000U / segment_bytes;
  const std::uint64_t number = *high * segments_per_high + *low;
  return pg::Lsn{(number + 1) * segment_bytes};
}

}  // namespace pgrepl::cluster
