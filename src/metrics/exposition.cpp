#include "metrics/exposition.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>

#include <prometheus/metric_family.h>

namespace pgrepl::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Bytes as prometheus-cpp's TextSerializer writes them, without its streams: they cost more than
// all else a page needs.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void write(const MetricFamily& family) {
    write_head(family);
    for (const ClientMetric& sample : family.metric) {
      switch (family.type) {
        case MetricType::Counter:
          write_sample(family.name, sample, sample.counter.value);
          break;
        case MetricType::Gauge:
          write_sample(family.name, sample, sample.gauge.value);
          break;
        case MetricType::Histogram:
          write_histogram(family.name, sample);
          break;
        default:
          write_sample(family.name, sample, sample.untyped.value);
          break;
      }
    }
  }

 private:
  void write_head(const MetricFamily& family) {
    if (!family.help.empty()) {
      out_.append("# HELP ").append(family.name).append(" ").append(family.help).append("\n");
    }
    out_.append("# TYPE ")
        .append(family.name)
        .append(" ")
        .append(text_of(family.type))
        .append("\n");
  }

  void write_number(double value) {
    // Most values are whole numbers, and those are found faster.
    constexpr double kExact = 1e15;
    if (std::isnan(value)) {
      out_ += "Nan";
    } else if (std::isinf(value)) {
      out_ += value < 0 ? "-Inf" : "+Inf";
    } else if (std::abs(value) < kExact && value == std::trunc(value) && !(value == 0 && std::signbit(value))) {
      write_count(static_cast<std::int64_t>(value));
    } else {
      constexpr int kDigits = std::numeric_limits<double>::max_digits10 - 1;
      char text[32];
      const auto end = std::to_chars(
          std::begin(text), std::end(text), value, std::chars_format::general, kDigits
      );
      out_.append(std::begin(text), end.ptr);
    }
  }

  template <class Integer>
  void write_count(Integer count) {
    char text[24];
    const auto end = std::to_chars(std::begin(text), std::end(text), count);
    out_.append(std::begin(text), end.ptr);
  }

  void write_escaped(std::string_view value) {
    for (const char c : value) {
      if (c == '\n') {
        out_ += "\\n";
      } else {
        if (c == '\\' || c == '"') {
          out_ += '\\';
        }
        out_ += c;
      }
    }
  }

  void write_labels(const ClientMetric& sample, const double* bound) {
    char before = '{';
    for (const auto& label : sample.label) {
      out_ += before;
      out_.append(label.name).append("=\"");
      write_escaped(label.value);
      out_ += '"';
      before = ',';
    }
    if (bound != nullptr) {
      out_ += before;
      out_ += "le=\"";
      write_number(*bound);
      out_ += '"';
      before = ',';
    }
    out_ += before == ',' ? "} " : " ";
  }

  void write_sample(std::string_view name, const ClientMetric& sample, double value) {
    out_ += name;
    write_labels(sample, nullptr);
    write_number(value);
    out_ += '\n';
  }

  void write_histogram(const std::string& name, const ClientMetric& sample) {
    const auto& histogram = sample.histogram;
    out_.append(name).append("_count");
    write_labels(sample, nullptr);
    write_count(histogram.sample_count);
    out_ += '\n';
    write_sample(name + "_sum", sample, histogram.sample_sum);
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    double last = -kInfinity;
    for (const auto& bucket : histogram.bucket) {
      write_bucket(name, sample, bucket);
      last = bucket.upper_bound;
    }
    if (last != kInfinity) {
      write_bucket(name, sample, {histogram.sample_count, kInfinity});
    }
  }

  void write_bucket(
      const std::string& name, const ClientMetric& sample, const ClientMetric::Bucket& bucket
  ) {
    out_.append(name).append("_bucket");
    write_labels(sample, &bucket.upper_bound);
    write_count(bucket.cumulative_count);
    out_ += '\n';
  }

  std::string& out_;
};

}  // namespace

std::string_view text_of(prometheus::MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
    default:
      return "untyped";
  }
}

std::string render(const std::vector<prometheus::MetricFamily>& families) {
  std::string text;
  Writer writer{text};
  for (const MetricFamily& family : families) {
    writer.write(family);
  }
  // Grown by doubling, it is up to twice what is in it, and a page stays until the next one.
  text.shrink_to_fit();
  return text;
}

}  // namespace pgrepl::metrics
