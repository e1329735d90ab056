#include "pg/number.h"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <limits>

namespace pgrepl::pg {

namespace {

constexpr double kDay = 86400;

std::optional<double> plain_number(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value);
  return problem == std::errc{} && stopped == end ? std::optional{value} : std::nullopt;
}

std::optional<double> word(std::string_view text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "t" || text == "true") {
    return 1;
  }
  if (text == "f" || text == "false") {
    return 0;
  }
  if (text == "Infinity" || text == "infinity") {
    return kInfinity;
  }
  if (text == "-Infinity" || text == "-infinity") {
    return -kInfinity;
  }
  return std::nullopt;
}

// Reads from the front of a text, piece by piece.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  bool skip(char wanted) {
    if (!rest_.starts_with(wanted)) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  // Digits, with a fraction if there is one.
  std::optional<double> unsigned_number() {
    const std::size_t length = std::min(rest_.find_first_not_of("0123456789."), rest_.size());
    const auto value = length == 0 ? std::nullopt : plain_number(rest_.substr(0, length));
    rest_.remove_prefix(value ? length : 0);
    return value;
  }

 private:
  std::string_view rest_;
};

// "09:30:15.25" or "09:30", in seconds.
std::optional<double> clock_time(Scanner& scanner) {
  const auto hours = scanner.unsigned_number();
  if (!hours || !scanner.skip(':')) {
    return std::nullopt;
  }
  const auto minutes = scanner.unsigned_number();
  if (!minutes) {
    return std::nullopt;
  }
  double seconds = 0;
  if (scanner.skip(':')) {
    const auto read = scanner.unsigned_number();
    if (!read) {
      return std::nullopt;
    }
    seconds = *read;
  }
  return *hours * 3600 + *minutes * 60 + seconds;
}

// "+00", "-03:30"; nothing is UTC.
std::optional<double> zone_offset(Scanner& scanner) {
  if (scanner.at_end()) {
    return 0;
  }
  const bool east = scanner.skip('+');
  if (!east && !scanner.skip('-')) {
    return std::nullopt;
  }
  const auto hours = scanner.unsigned_number();
  const auto minutes = scanner.skip(':') ? scanner.unsigned_number() : std::optional<double>{0};
  if (!hours || !minutes || !scanner.at_end()) {
    return std::nullopt;
  }
  return (east ? 1 : -1) * (*hours * 3600 + *minutes * 60);
}

// "2026-11-21", "2026-11-21 09:30:15.25+00"
std::optional<double> timestamp(std::string_view text) {
  Scanner scanner{text};
  const auto year = scanner.unsigned_number();
  const auto month = scanner.skip('-') ? scanner.unsigned_number() : std::nullopt;
  const auto day = scanner.skip('-') ? scanner.unsigned_number() : std::nullopt;
  // Bounded before they become integers: a text may hold more digits than any calendar.
  if (!year || !month || !day || *year > 32767 || *month > 12 || *day > 31) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{
      std::chrono::year{static_cast<int>(*year)},
      std::chrono::month{static_cast<unsigned>(*month)},
      std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) {
    return std::nullopt;
  }
  const double midnight =
      static_cast<double>(std::chrono::sys_days{date}.time_since_epoch().count()) * kDay;
  if (scanner.at_end()) {
    return midnight;
  }
  const auto time = scanner.skip(' ') ? clock_time(scanner) : std::nullopt;
  const auto offset = time ? zone_offset(scanner) : std::nullopt;
  return offset ? std::optional{midnight + *time - *offset} : std::nullopt;
}

std::optional<double> unit_seconds(std::string_view unit) {
  if (unit == "year" || unit == "years") {
    return 365.25 * kDay;
  }
  if (unit == "mon" || unit == "mons") {
    return 30 * kDay;
  }
  if (unit == "day" || unit == "days") {
    return kDay;
  }
  return std::nullopt;
}

// "1 year 2 mons -3 days 04:05:06.7": a clock time has colons, everything else a unit.
std::optional<double> interval(std::string_view text) {
  double seconds = 0;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    std::string_view piece = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
    const bool negative = piece.starts_with('-');
    piece.remove_prefix(negative || piece.starts_with('+') ? 1 : 0);
    Scanner scanner{piece};
    std::optional<double> amount;
    if (piece.find(':') != std::string_view::npos) {
      amount = clock_time(scanner);
    } else {
      const auto count = scanner.unsigned_number();
      const std::size_t end = std::min(text.find(' '), text.size());
      const auto unit = unit_seconds(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      amount = count && unit ? std::optional{*count * *unit} : std::nullopt;
    }
    if (!amount || !scanner.at_end()) {
      return std::nullopt;
    }
    seconds += negative ? -*amount : *amount;
  }
  return seconds;
}

}  // namespace

std::optional<double> to_number(std::string_view text) {
  if (text.empty()) {
    return std::nullopt;
  }
  if (const auto value = plain_number(text)) {
    return value;
  }
  if (const auto value = word(text)) {
    return value;
  }
  const auto time = timestamp(text);
  return time ? time : interval(text);
}

std::optional<std::vector<double>> to_numbers(std::string_view array) {
  if (array.size() < 2 || array.front() != '{' || array.back() != '}') {
    return std::nullopt;
  }
  array = array.substr(1, array.size() - 2);
  std::vector<double> numbers;
  while (!array.empty()) {
    const std::size_t comma = std::min(array.find(','), array.size());
    const auto value = to_number(array.substr(0, comma));
    if (!value) {
      return std::nullopt;
    }
    numbers.push_back(*value);
    array.remove_prefix(std::min(comma + 1, array.size()));
  }
  return numbers;
}

}  // namespace pgrepl::pg
