// Families as values: samples are collected by the name of their family and taken at the end.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <prometheus/metric_family.h>

namespace pgrepl::metrics {

using Label = prometheus::ClientMetric::Label;
using Labels = std::vector<Label>;

class Families {
 public:
  // Type and help are those of the first sample of a family. A sample whose labels the family has
  // already is dropped: a page with two of them is refused whole.
  void add(
      std::string_view name,
      prometheus::MetricType type,
      std::string_view help,
      Labels labels,
      double value
  );

  void add_histogram(
      std::string_view name,
      std::string_view help,
      Labels labels,
      prometheus::ClientMetric::Histogram histogram
  );

  // Samples dropped because there was one with their labels.
  [[nodiscard]] std::size_t duplicates() const { return duplicates_; }

  // In the order in which their first samples came.
  [[nodiscard]] std::vector<prometheus::MetricFamily> take() &&;

 private:
  struct Slot {
    std::size_t family;
    // Samples by the hash of their labels: the labels themselves stand in the family already.
    std::unordered_multimap<std::size_t, std::size_t> by_labels;
  };

  // Null when there is a sample with these labels.
  prometheus::ClientMetric* new_sample(
      std::string_view name, prometheus::MetricType type, std::string_view help, Labels labels
  );

  std::vector<prometheus::MetricFamily> families_;
  std::map<std::string, Slot, std::less<>> slots_;
  std::size_t duplicates_ = 0;
};

}  // namespace pgrepl::metrics
