#include "exposition/labels.h"

#include "support/utf8.h"

#include <algorithm>
#include <functional>

namespace pgrepl::metrics {

namespace {

// No name of PostgreSQL has more than 63 bytes, and no reason of a failure a page.
constexpr std::size_t kLongestValue = 4096;

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || c == '"') {
        out += '\\';
      }
      out += c;
    }
  }
}

// Spread over all bits, so that sums of hashes differ.
std::size_t mixed(std::size_t hash) {
  hash ^= hash >> 32U;
  hash *= 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 29U);
}

}  // namespace

void Labels::add(std::string_view name, std::string_view value) {
  if (!text_.empty()) {
    text_ += ',';
  }
  const std::size_t begin = text_.size();
  text_.append(name).append("=\"");
  if (value.size() <= kLongestValue && is_ascii(value)) {
    append_escaped(text_, value);
  } else {
    std::string repaired{value};
    make_bounded_utf8(repaired, kLongestValue);
    append_escaped(text_, repaired);
  }
  text_ += '"';
  hash_ += mixed(std::hash<std::string_view>{}(std::string_view{text_}.substr(begin)));
}

void Labels::add(std::initializer_list<Label> labels) {
  for (const Label& label : labels) {
    add(label.name, label.value);
  }
}

void Labels::add(const Labels& more) {
  text_ += text_.empty() || more.text_.empty() ? "" : ",";
  text_ += more.text_;
  hash_ += more.hash_;
}

bool Labels::has(std::string_view name) const {
  return std::ranges::any_of(split_labels(text_), [name](std::string_view label) {
    return label.substr(0, label.find('=')) == name;
  });
}

std::vector<std::string_view> split_labels(std::string_view text) {
  std::vector<std::string_view> labels;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      quoted = !quoted;
    } else if (text[at] == ',' && !quoted) {
      labels.push_back(text.substr(begin, at - begin));
      begin = at + 1;
    }
  }
  if (begin < text.size()) {
    labels.push_back(text.substr(begin));
  }
  return labels;
}

bool same_labels(std::string_view a, std::string_view b) {
  if (a == b) {
    return true;
  }
  const auto left = split_labels(a);
  const auto right = split_labels(b);
  return std::ranges::is_permutation(left, right);
}

}  // namespace pgrepl::metrics
