#include "support/printable.h"

#include "support/utf8.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace pgrepl {

namespace {

// From and to, both within. Unicode 15: general categories Cc, Zl, Zp, and of Cf those that turn
// the direction of text, hide it, or annotate it.
constexpr std::array<std::pair<char32_t, char32_t>, 11> kDoers{
    {{0x0000, 0x001F},
     {0x007F, 0x009F},
     {0x061C, 0x061C},
     {0x180E, 0x180E},
     {0x200B, 0x200B},
     {0x200E, 0x200F},
     {0x2028, 0x202E},
     {0x2060, 0x206F},
     {0xFEFF, 0xFEFF},
     {0xFFF9, 0xFFFB},
     {0xE0000, 0xE007F}}};

bool does_something(char32_t code) {
  return std::ranges::any_of(kDoers, [code](const auto& range) {
    return code >= range.first && code <= range.second;
  });
}

// `sequence` is well-formed.
char32_t code_of(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) {
    return first;
  }
  char32_t code = first & (0x7FU >> sequence.size());
  for (const char next : sequence.substr(1)) {
    code = (code << 6U) | (static_cast<unsigned char>(next) & 0x3FU);
  }
  return code;
}

// The first character, which is taken away; `text` is well-formed.
std::string_view take_character(std::string_view& text) {
  const auto is_inner = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  const auto* const end = std::find_if_not(text.begin() + 1, text.end(), is_inner);
  const std::string_view character = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(character.size());
  return character;
}

std::string without_doers(std::string_view text, std::string_view kept) {
  std::string repaired{text};
  make_utf8(repaired);
  std::string shown;
  for (std::string_view rest = repaired; !rest.empty();) {
    const std::string_view character = take_character(rest);
    const bool is_kept = kept.find(character) != std::string_view::npos;
    shown += does_something(code_of(character)) && !is_kept ? std::string_view{"?"} : character;
  }
  return shown;
}

}  // namespace

bool is_printable(std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  return is_plain || printable(text) == text;
}

std::string printable(std::string_view text) {
  return without_doers(text, {});
}

std::string printable_lines(std::string_view text) {
  return without_doers(text, "\n");
}

}  // namespace pgrepl
