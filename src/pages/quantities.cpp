#include "pages/quantities.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string_view>

namespace pgrepl::pages {

namespace {

constexpr std::string_view kDash = "–";

std::string one_decimal(double value, std::string_view unit) {
  std::array<char, 64> text{};
  // Above ten, tenths are noise.
  const bool is_whole = std::lround(value * 10) % 10 == 0;
  const int decimals = value < 9.95 && !is_whole ? 1 : 0;
  const int length = std::snprintf(text.data(), text.size(), "%.*f ", decimals, value);
  return std::string(text.data(), static_cast<std::size_t>(length)) + std::string{unit};
}

std::string two_units(
    std::int64_t value, std::int64_t divisor, const char* large, const char* small
) {
  std::string text = std::to_string(value / divisor) + ' ' + large;
  if (value % divisor != 0) {
    text += ' ' + std::to_string(value % divisor) + ' ' + small;
  }
  return text;
}

constexpr std::array<std::string_view, 6> kUnits{"B", "kB", "MB", "GB", "TB", "PB"};

}  // namespace

std::string format_time(const std::optional<cluster::Seconds>& time) {
  if (!time) {
    return std::string{kDash};
  }
  const double seconds = time->count();
  if (std::isinf(seconds)) {
    return "never";
  }
  if (seconds < 0.0005) {
    return "0 s";
  }
  if (seconds < 0.9995) {
    return std::to_string(std::lround(seconds * 1000)) + " ms";
  }
  if (seconds < 59.5) {
    return one_decimal(seconds, "s");
  }
  const std::int64_t whole = std::llround(seconds);
  if (whole < 3600) {
    return two_units(whole, 60, "min", "s");
  }
  if (whole < 86400) {
    return two_units(whole / 60, 60, "h", "min");
  }
  return two_units(whole / 3600, 24, "d", "h");
}

std::string format_bytes(const std::optional<std::uint64_t>& bytes) {
  if (!bytes) {
    return std::string{kDash};
  }
  auto value = static_cast<double>(*bytes);
  std::size_t unit = 0;
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    unit += 1;
  }
  return one_decimal(value, kUnits.at(unit));
}

std::string format_timestamp(double epoch_seconds) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds{std::llround(epoch_seconds * 1000)}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss<milliseconds> time{at - day};
  std::array<char, 64> text{};
  const int length = std::snprintf(
      text.data(),
      text.size(),
      "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()),
      static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()),
      static_cast<int>(time.subseconds().count())
  );
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<std::uint64_t> parse_bytes(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end_of_text = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), end_of_text, number);
  if (problem != std::errc{}) {
    return std::nullopt;
  }
  const std::string_view unit{end, static_cast<std::size_t>(end_of_text - end)};
  if (unit.empty()) {
    return number;
  }
  std::uint64_t factor = 1;
  for (const std::string_view known : kUnits) {
    if (unit == known) {
      const bool fits = number <= std::numeric_limits<std::uint64_t>::max() / factor;
      return fits ? std::optional{number * factor} : std::nullopt;
    }
    factor *= 1024;
  }
  return std::nullopt;
}

}  // namespace pgrepl::pages
