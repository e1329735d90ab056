#include "support/utf8.h"

#include <algorithm>
#include <cstddef>

namespace pgrepl {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned char byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

// Length of the well-formed sequence at `at` (Unicode 15, table 3-7); 0 when there is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const unsigned char first = byte_at(text, at);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  const unsigned char second = byte_at(text, at + 1);
  const bool too_small = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool too_large = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, at + i) & 0xC0U) != 0x80U) {
      return 0;
    }
  }
  return too_small || too_large ? 0 : length;
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void make_utf8(std::string& text) {
  if (is_ascii(text)) {
    return;
  }
  std::string made;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text, at);
    made += length == 0 ? kReplacement : std::string_view{text}.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  text = std::move(made);
}

void make_bounded_utf8(std::string& text, std::size_t most) {
  constexpr std::string_view kCut = "\xE2\x80\xA6";
  const bool is_long = text.size() > most;
  text.resize(std::min(text.size(), most));
  make_utf8(text);
  if (!is_long && text.size() <= most) {
    return;
  }
  std::size_t end = std::min(text.size(), most - std::min(most, kCut.size()));
  while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80U) {
    --end;
  }
  text.resize(end);
  text += kCut;
}

}  // namespace pgrepl
