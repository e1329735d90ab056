// Families as values: samples are collected by the name of their family, as the lines of the text
// format that they will be.
#pragma once

#include "exposition/labels.h"
#include "exposition/sample_index.h"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <prometheus/client_metric.h>
#include <prometheus/metric_type.h>

namespace pgrepl::metrics {

struct Family {
  std::string name;
  std::string help;
  prometheus::MetricType type;
  std::string lines{};  // of its samples
  std::size_t samples = 0;
};

class Families {
 public:
  Families() = default;
  Families(Families&&) = default;  // not copied: the names are looked up where they stand

  // Type and help are those of the first sample of a family. A sample whose labels the family has
  // already is dropped, and the answer is false: a page with two of them is refused whole. So is a
  // number where the family has histograms, and the reverse.
  bool add(
      std::string_view name,
      prometheus::MetricType type,
      std::string_view help,
      const Labels& labels,
      double value
  );

  bool add_histogram(
      std::string_view name,
      std::string_view help,
      const Labels& labels,
      const prometheus::ClientMetric::Histogram& histogram
  );

  // In the order in which their first samples came.
  [[nodiscard]] std::vector<Family> take() &&;

 private:
  // Null when there is a sample with these labels, or one of another kind.
  Family* place(
      std::string_view name,
      prometheus::MetricType type,
      std::string_view help,
      const Labels& labels
  );
  [[nodiscard]] std::string_view labels_at(const SampleMark& mark) const;

  std::deque<Family> families_;  // they stay where they are
  std::unordered_map<std::string_view, std::size_t> by_name_;
  SampleIndex samples_;
};

}  // namespace pgrepl::metrics
