// The labels of a sample, kept as the text format writes them: most are written many times over.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::metrics {

struct Label {
  std::string_view name;
  std::string_view value;
};

class Labels {
 public:
  Labels() = default;

  Labels(std::initializer_list<Label> labels) { add(labels); }

  // Bytes of a value that are no UTF-8 become U+FFFD: a page with one is refused whole.
  void add(std::string_view name, std::string_view value);
  void add(std::initializer_list<Label> labels);

  // Those of `more` after these.
  void add(const Labels& more);

  [[nodiscard]] bool has(std::string_view name) const;

  // a="1",b="2"; empty without labels.
  [[nodiscard]] const std::string& text() const { return text_; }

  // The same for the same labels in any order.
  [[nodiscard]] std::size_t hash() const { return hash_; }

 private:
  std::string text_;
  std::size_t hash_ = 0;
};

// Each label of such a text, as name="value".
[[nodiscard]] std::vector<std::string_view> split_labels(std::string_view text);

// Whether two such texts are of the same labels, in any order.
[[nodiscard]] bool same_labels(std::string_view a, std::string_view b);

}  // namespace pgrepl::metrics
