#include "pg/lsn.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace pgrepl::pg {

namespace {

std::optional<std::uint32_t> parse_half(std::string_view text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value, 16);
  if (text.empty() || text.size() > 8 || problem != std::errc{} || stopped != end) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<Lsn> Lsn::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto high = parse_half(text.substr(0, slash));
  const auto low = parse_half(text.substr(slash + 1));
  if (!high || !low || (*high == 0 && *low == 0)) {
    return std::nullopt;
  }
  return Lsn{(std::uint64_t{*high} << 32U) | *low};
}

std::string to_string(Lsn lsn) {
  std::array<char, 18> text{};
  const int length = std::snprintf(
      text.data(),
      text.size(),
      "%X/%X",
      static_cast<unsigned>(lsn.bytes() >> 32U),
      static_cast<unsigned>(lsn.bytes() & 0xFFFFFFFFU)
  );
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace pgrepl::pg
