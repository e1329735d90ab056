#include "support/yaml.h"

#include "support/suggest.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace pgrepl::yaml {

namespace {

SourceLocation place(const YAML::Mark& mark, const std::string& file) {
  if (mark.is_null()) {
    return {.file = file};
  }
  return {.file = file, .line = mark.line + 1, .column = mark.column + 1};
}

// Bounds what a hostile or mistaken file can make us do: we recurse, and an alias is copied at
// every place that uses it.
constexpr int kDeepest = 64;
constexpr int kMostNodes = 100'000;

class Converter {
 public:
  explicit Converter(const std::string& file) : file_(file) {}

  Node convert(const YAML::Node& from, int depth) {
    Node node;
    node.where = place(from.Mark(), file_);
    if (depth > kDeepest) {
      error(node.where, "nested deeper than 64 levels");
      return node;
    }
    if (++nodes_ > kMostNodes) {
      error(node.where, "more than 100000 values, those that aliases repeat included");
      return node;
    }
    // "?" and "!" mark plain and quoted texts. Any other tag is a text without its quotes.
    if (const std::string& tag = from.Tag(); tag.size() > 1 && !tag.starts_with("tag:yaml.org")) {
      errors_.push_back({node.where, "put a text that begins with '!' in quotes"});
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
        node.items = items(from, depth);
        break;
      case YAML::NodeType::Map:
        node.kind = Kind::Mapping;
        node.entries = entries(from, depth);
        break;
    }
    return node;
  }

  [[nodiscard]] Errors take_errors() { return std::move(errors_); }

 private:
  std::vector<Node> items(const YAML::Node& from, int depth) {
    std::vector<Node> items;
    for (const YAML::Node& item : from) {
      if (exhausted_) {
        break;
      }
      items.push_back(convert(item, depth + 1));
    }
    return items;
  }

  std::vector<Entry> entries(const YAML::Node& from, int depth) {
    std::vector<Entry> entries;
    for (const auto& pair : from) {
      if (exhausted_) {
        break;
      }
      const YAML::Node& key = pair.first;
      Entry entry{.key = "", .key_where = place(key.Mark(), file_), .value = {}};
      if (key.IsScalar()) {
        entry.key = key.Scalar();
      } else {
        errors_.push_back({entry.key_where, "a key must be a plain word"});
      }
      entry.value = convert(pair.second, depth + 1);
      entries.push_back(std::move(entry));
    }
    return entries;
  }

  // What exceeds a bound is reported once and ends the work.
  void error(const SourceLocation& where, const std::string& message) {
    if (!exhausted_) {
      errors_.push_back({where, message});
    }
    exhausted_ = true;
  }

  const std::string& file_;
  int nodes_ = 0;
  bool exhausted_ = false;
  Errors errors_;
};

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

std::string expected_got(std::string_view expected, const Node& got) {
  return "expected " + std::string{expected} + ", found " +
         (got.is_private ? "something else" : '\'' + got.scalar + '\'');
}

constexpr std::string_view kADuration = "a duration such as 500ms, 3s or 15m";

// Says whether a text has more than one document. YAML::LoadAll would do, but it takes a stray
// comma for documents without end.
class Documents : public YAML::EventHandler {
 public:
  explicit Documents(std::istream& text) : parser_(text) {}

  // Where a second one begins; an empty one is none.
  std::optional<YAML::Mark> second() {
    while (count_ < 3 && parser_.HandleNextDocument(*this)) {
    }
    return count_ > 2 || has_content_ ? std::optional{second_} : std::nullopt;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    count_ += 1;
    second_ = count_ == 2 ? mark : second_;
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}

  void OnAlias(const YAML::Mark&, YAML::anchor_t) override { note_content(); }

  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&)
      override {
    note_content();
  }

  void OnSequenceStart(
      const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value
  ) override {
    note_content();
  }

  void OnSequenceEnd() override {}

  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value)
      override {
    note_content();
  }

  void OnMapEnd() override {}

 private:
  void note_content() { has_content_ = has_content_ || count_ == 2; }

  YAML::Parser parser_;
  int count_ = 0;
  YAML::Mark second_;
  bool has_content_ = false;
};

}  // namespace

Expected<Node, Errors> parse(std::string_view text, const std::string& file) {
  try {
    std::istringstream stream{std::string{text}};
    const auto more = Documents{stream}.second();
    Converter converter{file};
    Node node = converter.convert(YAML::Load(std::string{text}), 0);
    Errors errors = converter.take_errors();
    if (more) {
      errors.push_back({place(*more, file), "a second document; all belongs in the first"});
    }
    if (!errors.empty()) {
      return Unexpected{std::move(errors)};
    }
    return node;
  } catch (const YAML::Exception& e) {
    return Unexpected{Errors{{place(e.mark, file), e.msg}}};
  }
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
  error(key, expected_got("true or false", *found));
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
    error(key, expected_got(expected, *found));
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
    error(key, expected_got("a number", *found));
    return std::nullopt;
  }
  return value;
}

std::optional<std::chrono::milliseconds> Reader::duration(std::string_view key) {
  const Node* found = take_scalar(key, kADuration);
  if (found == nullptr) {
    return std::nullopt;
  }
  const auto value = parse_duration(found->scalar);
  if (!value) {
    error(key, expected_got(kADuration, *found));
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
    // In {password: a,b} the rest of the password looks like a key without a value.
    const bool is_bare = entry.value.kind == Kind::Null;
    std::string message =
        is_bare ? "unknown key without a value" : "unknown key '" + entry.key + "'";
    if (const auto suggestion = closest(entry.key, candidates)) {
      message += "; did you mean '" + *suggestion + "'?";
    } else if (is_bare) {
      message += "; put a value that has commas in quotes";
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
