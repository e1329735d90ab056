// What must hold of pages, whatever texts from outside stand in them.
#pragma once

#include "fuzz/input.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace pgrepl::fuzz {

// Each line is a comment, or a series whose name begins so and which has a value.
inline void promise_exposition(std::string_view page, std::string_view prefix) {
  promise(page.empty() || page.back() == '\n');
  while (!page.empty()) {
    const std::string_view line = take(page, '\n');
    promise(line.starts_with("# HELP ") || line.starts_with("# TYPE ") || line.starts_with(prefix));
    promise(line.starts_with('#') || line.rfind(' ') != std::string_view::npos);
  }
}

inline void promise_json(std::string_view document) {
  promise(nlohmann::json::accept(document));
}

// A text from outside without what could be markup, as long as before.
inline std::string harmless(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '<' || c == '>' || c == '"' || c == '\''; }, 'x'
  );
  return text;
}

// With markup in the texts from outside, a document has as many tags and attributes as without.
inline void promise_same_markup(std::string_view with, std::string_view without) {
  for (const char c : {'<', '>', '"'}) {
    promise(std::ranges::count(with, c) == std::ranges::count(without, c));
  }
}

}  // namespace pgrepl::fuzz
