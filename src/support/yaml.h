// YAML as plain values with their places, and typed reads that collect every mistake.
// The only user of yaml-cpp is yaml.cpp. What a key means is not known here.
#pragma once

#include "support/errors.h"
#include "support/expected.h"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::yaml {

enum class Kind { Null, Scalar, Sequence, Mapping };

struct Entry;

struct Node {
  Kind kind = Kind::Null;
  std::string scalar;          // Scalar only
  bool is_private = false;     // its text may be a secret, so that no error shows it
  std::vector<Node> items;     // Sequence only
  std::vector<Entry> entries;  // Mapping only, in the order of the file, duplicates kept
  SourceLocation where;

  // The value of `key` in a mapping; null when absent or when this is no mapping.
  [[nodiscard]] const Node* find(std::string_view key) const;
};

struct Entry {
  std::string key;
  SourceLocation key_where;
  Node value;
};

// One document. An empty text is a Null node. Syntax errors come with their place; `file` is the
// name that errors show.
[[nodiscard]] Expected<Node, Errors> parse(std::string_view text, const std::string& file);

// Reads the keys of one mapping by type and reports what is wrong into `errors`: a value of the
// wrong type, a key given twice, and, from finish(), keys that nobody asked for.
// A key that is absent or null yields nothing and is no mistake.
class Reader {
 public:
  // A node that is no mapping (and not null) is reported here; every read then yields nothing.
  Reader(const Node& node, Errors& errors);

  [[nodiscard]] std::optional<std::string> text(std::string_view key);
  [[nodiscard]] std::optional<bool> boolean(std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> integer(
      std::string_view key, std::int64_t least, std::int64_t most
  );
  [[nodiscard]] std::optional<double> number(std::string_view key);
  // "100ms", "3s", "15m", "1h", "7d", "1h30m"; a bare number is refused: it says no unit.
  [[nodiscard]] std::optional<std::chrono::milliseconds> duration(std::string_view key);
  // A sequence of scalars, or one scalar as a sequence of one.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);
  [[nodiscard]] const Node* sequence(std::string_view key);
  [[nodiscard]] const Node* mapping(std::string_view key);
  // Any kind of node; the caller judges it.
  [[nodiscard]] const Node* any(std::string_view key);
  // As text(), but its absence is a mistake.
  [[nodiscard]] std::optional<std::string> required_text(std::string_view key);

  // Reports every key that was not asked for, with the closest of those that were.
  void finish();

  [[nodiscard]] const SourceLocation& where() const { return node_->where; }

  // The place of a key's value, or of the mapping where it is absent.
  [[nodiscard]] const SourceLocation& where(std::string_view key) const;
  void error(std::string_view key, const std::string& message);

 private:
  const Node* take(std::string_view key);
  const Node* take_scalar(std::string_view key, std::string_view expected);

  const Node* node_;
  Errors* errors_;
  std::set<std::string, std::less<>> known_;
};

// "100ms" and the like; absent when it is no such text.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace pgrepl::yaml
