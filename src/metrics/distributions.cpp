#include "metrics/distributions.h"

#include <array>
#include <charconv>
#include <utility>

namespace pgrepl::metrics {

namespace {

// As people write bounds: "0.5", "100000" and not "1e+05".
std::string bound_text(double bound) {
  // The longest finite number has 309 digits before its point or 1,074 after it.
  std::array<char, 1100> buffer{};
  const auto [end, problem] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), bound, std::chars_format::fixed);
  return problem == std::errc{} ? std::string{buffer.data(), end} : std::string{};
}

Labels with_bound(Labels labels, std::string_view bound) {
  labels.add("le", bound);
  return labels;
}

}  // namespace

void Distributions::observe(const catalogue::Column& column, const Labels& labels, double value) {
  Distribution& distribution = by_column_and_labels_[{column.name, labels.text()}];
  if (distribution.column == nullptr) {
    distribution.column = &column;
    distribution.labels = labels;
    distribution.at_most.resize(column.bounds.size());
  }
  for (std::size_t i = 0; i < column.bounds.size(); ++i) {
    distribution.at_most[i] += value <= column.bounds[i] ? 1U : 0U;
  }
  distribution.sum += value;
  distribution.count += 1;
}

std::size_t Distributions::add_to(Families& families) const {
  std::size_t duplicates = 0;
  for (const auto& [key, distribution] : by_column_and_labels_) {
    const catalogue::Column& column = *distribution.column;
    const auto add = [&](const char* ending, const Labels& labels, double value) {
      const bool added = families.add(
          column.family + ending, prometheus::MetricType::Gauge, column.help, labels, value
      );
      duplicates += added ? 0 : 1;
    };
    for (std::size_t i = 0; i < column.bounds.size(); ++i) {
      add("_bucket",
          with_bound(distribution.labels, bound_text(column.bounds[i])),
          static_cast<double>(distribution.at_most[i]));
    }
    const auto count = static_cast<double>(distribution.count);
    add("_bucket", with_bound(distribution.labels, "+Inf"), count);
    add("_sum", distribution.labels, distribution.sum);
    add("_count", distribution.labels, count);
  }
  return duplicates;
}

}  // namespace pgrepl::metrics
