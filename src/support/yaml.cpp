#include "support/yaml.h"

#include "support/suggest.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <yaml-cpp/yaml.h>

namespace pgrepl::yaml {

namespace {

SourceLocation place(const YAML::Mark& mark, const std::string& file) {
  if (mark.is_null()) {
    return {.file = file};
  }
  return {.file = file, .line = mark.line + 1, .column = mark.column + 1};
}

// Bounds what a hostile or mistaken file can make us do: yaml-cpp recurses, and so do we.
constexpr int kDeepest = 64;

Node convert(const YAML::Node& from, const std::string& file, int depth, Errors& errors) {
  Node node;
  node.where = place(from.Mark(), file);
  if (depth > kDeepest) {
    errors.push_back({node.where, "nested deeper than 64 levels"});
    return node;
  }
  switch (from.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      break;
    case YAML::NodeType::Scalar:
      node.kind = Kind::Scalar;
      node.scalar = from.Scalar();
      break;
    case YAML::NodeType::Sequence:
      node.kind = Kind::Sequence;
      for (const YAML::Node& item : from) {
        node.items.push_back(convert(item, file, depth + 1, errors));
      }
      break;
    case YAML::NodeType::Map:
      node.kind = Kind::Mapping;
      for (const auto& pair : from) {
        const YAML::Node& key = pair.first;
        Entry entry{.key = "", .key_where = place(key.Mark(), file), .value = {}};
        if (key.IsScalar()) {
          entry.key = key.Scalar();
        } else {
          errors.push_back({entry.key_where, "a key must be a plain word"});
        }
        entry.value = convert(pair.second, file, depth + 1, errors);
        node.entries.push_back(std::move(entry));
      }
      break;
  }
  return node;
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::Null:
      return "nothing";
    case Kind::Scalar:
      return "a single value";
    case Kind::Sequence:
      return "a list";
    case Kind::Mapping:
      return "a mapping";
  }
  return "";
}

std::string expected_got(std::string_view expected, Kind got) {
  return "expected " + std::string{expected} + ", found " + std::string{name_of(got)};
}

std::optional<double> unit_in_milliseconds(std::string_view unit) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ms", 1},
      {"s", 1e3},
      {"m", 60e3},
      {"h", 3600e3},
      {"d", 86400e3},
      {"w", 7 * 86400e3},
  };
  const auto* found = std::ranges::find(kUnits, unit, &std::pair<std::string_view, double>::first);
  return found == std::end(kUnits) ? std::nullopt : std::optional{found->second};
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &found->value;
}

Expected<Node, Errors> parse(std::string_view text, const std::string& file) {
  try {
    Errors errors;
    Node node = convert(YAML::Load(std::string{text}), file, 0, errors);
    if (!errors.empty()) {
      return Unexpected{std::move(errors)};
    }
    return node;
  } catch (const YAML::Exception& e) {
    return Unexpected{Errors{{place(e.mark, file), e.msg}}};
  }
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  double total = 0;
  if (text.empty()) {
    return std::nullopt;
  }
  while (!text.empty()) {
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || value < 0) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit = unit_in_milliseconds(text.substr(0, letters));
    if (!unit) {
      return text.empty() && value == 0 && total == 0 ? std::optional{std::chrono::milliseconds{0}}
                                                      : std::nullopt;
    }
    total += value * *unit;
    text.remove_prefix(letters);
  }
  constexpr double kHundredYears = 100 * 365.25 * 86400e3;
  if (!(total <= kHundredYears)) {
    return std::nullopt;
  }
  return std::chrono::milliseconds{std::llround(total)};
}

Reader::Reader(const Node& node, Errors& errors) : node_(&node), errors_(&errors) {
  if (node.kind != Kind::Mapping && node.kind != Kind::Null) {
    errors.push_back({node.where, expected_got("a mapping", node.kind)});
  }
  std::set<std::string_view> seen;
  for (const Entry& entry : node.entries) {
    if (!seen.insert(entry.key).second) {
      errors.push_back({entry.key_where, entry.key + ": given twice"});
    }
  }
}

const Node* Reader::take(std::string_view key) {
  known_.emplace(key);
  const Node* found = node_->find(key);
  return found == nullptr || found->kind == Kind::Null ? nullptr : found;
}

const Node* Reader::take_scalar(std::string_view key, std::string_view expected) {
  const Node* found = take(key);
  if (found != nullptr && found->kind != Kind::Scalar) {
    error(key, expected_got(expected, found->kind));
    return nullptr;
  }
  return found;
}

std::optional<std::string> Reader::text(std::string_view key) {
  const Node* found = take_scalar(key, "a text");
  return found == nullptr ? std::nullopt : std::optional{found->scalar};
}

std::optional<std::string> Reader::required_text(std::string_view key) {
  auto value = text(key);
  if (!value && node_->kind != Kind::Scalar && node_->kind != Kind::Sequence &&
      (node_->find(key) == nullptr || node_->find(key)->kind == Kind::Null)) {
    error(key, "is missing");
  }
  return value;
}

std::optional<bool> Reader::boolean(std::string_view key) {
  const Node* found = take_scalar(key, "true or false");
  if (found == nullptr) {
    return std::nullopt;
  }
  for (const std::string_view word : {"true", "yes", "on"}) {
    if (found->scalar == word) {
      return true;
    }
  }
  for (const std::string_view word : {"false", "no", "off"}) {
    if (found->scalar == word) {
      return false;
    }
  }
  error(key, "expected true or false, found '" + found->scalar + "'");
  return std::nullopt;
}

std::optional<std::int64_t> Reader::integer(
    std::string_view key, std::int64_t least, std::int64_t most
) {
  const std::string expected =
      "a whole number from " + std::to_string(least) +
      (most == std::numeric_limits<std::int64_t>::max() ? std::string{" on"}
                                                        : " to " + std::to_string(most));
  const Node* found = take_scalar(key, expected);
  if (found == nullptr) {
    return std::nullopt;
  }
  const std::string& text = found->scalar;
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    error(key, "expected " + expected + ", found '" + text + "'");
    return std::nullopt;
  }
  return value;
}

std::optional<double> Reader::number(std::string_view key) {
  const Node* found = take_scalar(key, "a number");
  if (found == nullptr) {
    return std::nullopt;
  }
  const std::string& text = found->scalar;
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    error(key, "expected a number, found '" + text + "'");
    return std::nullopt;
  }
  return value;
}

std::optional<std::chrono::milliseconds> Reader::duration(std::string_view key) {
  const Node* found = take_scalar(key, "a duration such as 500ms, 3s or 15m");
  if (found == nullptr) {
    return std::nullopt;
  }
  const auto value = parse_duration(found->scalar);
  if (!value) {
    error(key, "expected a duration such as 500ms, 3s or 15m, found '" + found->scalar + "'");
  }
  return value;
}

std::vector<std::string> Reader::texts(std::string_view key) {
  std::vector<std::string> values;
  const Node* found = take(key);
  if (found == nullptr) {
    return values;
  }
  if (found->kind == Kind::Scalar) {
    values.push_back(found->scalar);
    return values;
  }
  if (found->kind == Kind::Mapping) {
    error(key, expected_got("a list of texts", found->kind));
  }
  for (const Node& item : found->items) {
    if (item.kind == Kind::Scalar) {
      values.push_back(item.scalar);
    } else {
      errors_->push_back({item.where, std::string{key} + ": " + expected_got("a text", item.kind)});
    }
  }
  return values;
}

const Node* Reader::sequence(std::string_view key) {
  const Node* found = take(key);
  if (found != nullptr && found->kind != Kind::Sequence) {
    error(key, expected_got("a list", found->kind));
    return nullptr;
  }
  return found;
}

const Node* Reader::mapping(std::string_view key) {
  const Node* found = take(key);
  if (found != nullptr && found->kind != Kind::Mapping) {
    error(key, expected_got("a mapping", found->kind));
    return nullptr;
  }
  return found;
}

const Node* Reader::any(std::string_view key) {
  return take(key);
}

void Reader::finish() {
  const std::vector<std::string_view> candidates(known_.begin(), known_.end());
  for (const Entry& entry : node_->entries) {
    if (known_.contains(entry.key)) {
      continue;
    }
    std::string message = "unknown key '" + entry.key + "'";
    if (const auto suggestion = closest(entry.key, candidates)) {
      message += "; did you mean '" + *suggestion + "'?";
    }
    errors_->push_back({entry.key_where, message});
  }
}

const SourceLocation& Reader::where(std::string_view key) const {
  const Node* found = node_->find(key);
  return found == nullptr ? node_->where : found->where;
}

void Reader::error(std::string_view key, const std::string& message) {
  errors_->push_back({where(key), std::string{key} + ": " + message});
}

}  // namespace pgrepl::yaml
