#include "exposition/family.h"

#include "exposition/sample_lines.h"
#include "support/utf8.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

constexpr std::size_t kLongestHelp = 1024;

// The text format ends a help at a line break, and Prometheus refuses a page that is not UTF-8.
std::string one_line(std::string_view text) {
  std::string line{text};
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r' || c == '\\'; }, ' '
  );
  make_bounded_utf8(line, kLongestHelp);
  return line;
}

}  // namespace

std::string_view Families::labels_at(const SampleMark& mark) const {
  const std::string& lines = families_[mark.family].lines;
  const std::size_t begin = mark.labels_size == 0 ? mark.line : lines.find('{', mark.line) + 1;
  return std::string_view{lines}.substr(begin, mark.labels_size);
}

Family* Families::place(
    std::string_view name, MetricType type, std::string_view help, const Labels& labels
) {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    families_.push_back({.name = std::string{name}, .help = one_line(help), .type = type});
    found = by_name_.emplace(families_.back().name, families_.size() - 1).first;
  }
  const std::size_t index = found->second;
  Family& family = families_[index];
  if ((family.type == MetricType::Histogram) != (type == MetricType::Histogram)) {
    return nullptr;
  }
  const SampleMark mark{
      .hash = labels.hash() ^ (index * 0x9E3779B97F4A7C15U),
      .line = family.lines.size(),
      .family = static_cast<std::uint32_t>(index),
      .labels_size = static_cast<std::uint32_t>(labels.text().size()),
  };
  const bool is_new = samples_.insert(mark, [&](const SampleMark& other) {
    return other.family == mark.family && same_labels(labels_at(other), labels.text());
  });
  if (!is_new) {
    return nullptr;
  }
  family.samples += 1;
  return &family;
}

bool Families::add(
    std::string_view name,
    MetricType type,
    std::string_view help,
    const Labels& labels,
    double value
) {
  Family* const family = place(name, type, help, labels);
  if (family != nullptr) {
    append_sample(family->lines, family->name, labels.text(), value);
  }
  return family != nullptr;
}

bool Families::add_histogram(
    std::string_view name,
    std::string_view help,
    const Labels& labels,
    const prometheus::ClientMetric::Histogram& histogram
) {
  Family* const family = place(name, MetricType::Histogram, help, labels);
  if (family != nullptr) {
    append_histogram(family->lines, family->name, labels.text(), histogram);
  }
  return family != nullptr;
}

std::vector<Family> Families::take() && {
  return {std::make_move_iterator(families_.begin()), std::make_move_iterator(families_.end())};
}

}  // namespace pgrepl::metrics
