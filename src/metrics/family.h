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
  // already is dropped, and the answer is false: a page with two of them is refused whole. Bytes of
  // a label that are no UTF-8 become U+FFFD, for the same reason.
  bool add(
      std::string_view name,
      prometheus::MetricType type,
      std::string_view help,
      Labels labels,
      double value
  );

  bool add_histogram(
      std::string_view name,
      std::string_view help,
      Labels labels,
      prometheus::ClientMetric::Histogram histogram
  );

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
};

}  // namespace pgrepl::metrics
