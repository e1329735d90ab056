#include "metrics/family.h"

#include "metrics/sample_lines.h"

#include <algorithm>
#include <utility>

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

// The text format ends a help at a line break.
std::string one_line(std::string_view text) {
  std::string line{text};
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r' || c == '\\'; }, ' '
  );
  return line;
}

}  // namespace

Families::Families()
    : room_(std::make_unique<std::pmr::monotonic_buffer_resource>()), marks_(room_.get()) {
}

std::string_view Families::labels_at(const Mark& mark) const {
  const std::string& lines = families_[mark.family].lines;
  const std::size_t begin = mark.size == 0 ? mark.line : lines.find('{', mark.line) + 1;
  return std::string_view{lines}.substr(begin, mark.size);
}

Family* Families::place(
    std::string_view name, MetricType type, std::string_view help, const Labels& labels
) {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    found = by_name_.emplace(name, families_.size()).first;
    families_.push_back({.name = std::string{name}, .help = one_line(help), .type = type});
  }
  const std::size_t index = found->second;
  Family& family = families_[index];
  if ((family.type == MetricType::Histogram) != (type == MetricType::Histogram)) {
    return nullptr;
  }
  const std::size_t hash = labels.hash() ^ (index * 0x9E3779B97F4A7C15U);
  const auto [first, last] = marks_.equal_range(hash);
  const bool taken = std::any_of(first, last, [&](const auto& entry) {
    return entry.second.family == index && same_labels(labels_at(entry.second), labels.text());
  });
  if (taken) {
    return nullptr;
  }
  marks_.emplace(hash, Mark{index, family.lines.size(), labels.text().size()});
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
  return std::move(families_);
}

}  // namespace pgrepl::metrics
