#include "metrics/family.h"

#include "support/utf8.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

// The same for the same labels in any order.
std::size_t hash_of(const Labels& labels) {
  std::size_t sum = 0;
  for (const Label& label : labels) {
    const std::size_t name = std::hash<std::string>{}(label.name);
    const std::size_t value = std::hash<std::string>{}(label.value);
    sum += (name ^ (value << 1U)) * 0x9E3779B97F4A7C15U;
  }
  return sum;
}

bool same_labels(const Labels& a, const Labels& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
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
  for (Label& label : labels) {
    make_utf8(label.value);
  }
  auto slot = slots_.find(name);
  if (slot == slots_.end()) {
    slot = slots_.emplace(name, Slot{families_.size(), {}}).first;
    families_.push_back({std::string{name}, one_line(help), type, {}});
  }
  auto& samples = families_[slot->second.family].metric;
  const std::size_t hash = hash_of(labels);
  const auto [first, last] = slot->second.by_labels.equal_range(hash);
  if (std::any_of(first, last, [&](const auto& entry) {
        return same_labels(samples[entry.second].label, labels);
      })) {
    return nullptr;
  }
  slot->second.by_labels.emplace(hash, samples.size());
  auto& sample = samples.emplace_back();
  sample.label = std::move(labels);
  return &sample;
}

bool Families::add(
    std::string_view name, MetricType type, std::string_view help, Labels labels, double value
) {
  prometheus::ClientMetric* sample = new_sample(name, type, help, std::move(labels));
  if (sample == nullptr) {
    return false;
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
  return true;
}

bool Families::add_histogram(
    std::string_view name,
    std::string_view help,
    Labels labels,
    prometheus::ClientMetric::Histogram histogram
) {
  auto* sample = new_sample(name, MetricType::Histogram, help, std::move(labels));
  if (sample != nullptr) {
    sample->histogram = std::move(histogram);
  }
  return sample != nullptr;
}

std::vector<prometheus::MetricFamily> Families::take() && {
  slots_.clear();
  return std::move(families_);
}

}  // namespace pgrepl::metrics
