#include "metrics/family.h"

#include <algorithm>
#include <utility>

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

// The same text for the same labels in any order.
std::string identity(const Labels& labels) {
  Labels sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const Label& label : sorted) {
    text += label.name + '\0' + label.value + '\0';
  }
  return text;
}

// prometheus-cpp writes help as it is; a line break in it would end the page's line.
std::string one_line(std::string_view text) {
  std::string line{text};
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r' || c == '\\'; }, ' '
  );
  return line;
}

}  // namespace

prometheus::ClientMetric* Families::new_sample(
    std::string_view name, MetricType type, std::string_view help, Labels labels
) {
  auto slot = slots_.find(name);
  if (slot == slots_.end()) {
    slot = slots_.emplace(name, Slot{families_.size(), {}}).first;
    families_.push_back({std::string{name}, one_line(help), type, {}});
  }
  if (!slot->second.label_sets.insert(identity(labels)).second) {
    duplicates_ += 1;
    return nullptr;
  }
  auto& sample = families_[slot->second.family].metric.emplace_back();
  sample.label = std::move(labels);
  return &sample;
}

void Families::add(
    std::string_view name, MetricType type, std::string_view help, Labels labels, double value
) {
  prometheus::ClientMetric* sample = new_sample(name, type, help, std::move(labels));
  if (sample == nullptr) {
    return;
  }
  switch (families_[slots_.find(name)->second.family].type) {
    case MetricType::Counter:
      sample->counter.value = value;
      break;
    case MetricType::Gauge:
      sample->gauge.value = value;
      break;
    case MetricType::Untyped:
    case MetricType::Summary:
    case MetricType::Histogram:
      sample->untyped.value = value;
      break;
  }
}

void Families::add_histogram(
    std::string_view name,
    std::string_view help,
    Labels labels,
    prometheus::ClientMetric::Histogram histogram
) {
  if (auto* sample = new_sample(name, MetricType::Histogram, help, std::move(labels))) {
    sample->histogram = std::move(histogram);
  }
}

std::vector<prometheus::MetricFamily> Families::take() && {
  slots_.clear();
  return std::move(families_);
}

}  // namespace pgrepl::metrics
