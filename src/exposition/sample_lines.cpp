#include "exposition/sample_lines.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>

namespace pgrepl::metrics {

namespace {

using prometheus::ClientMetric;

void append_count(std::string& out, std::uint64_t count) {
  char text[24];
  const auto end = std::to_chars(std::begin(text), std::end(text), count);
  out.append(std::begin(text), end.ptr);
}

void append_number(std::string& out, double value) {
  // Most values are whole numbers, and those are written faster.
  constexpr double kExact = 1e15;
  if (std::isnan(value)) {
    out += "Nan";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Inf" : "+Inf";
  } else if (!std::signbit(value) && value < kExact && value == std::trunc(value)) {
    append_count(out, static_cast<std::uint64_t>(value));
  } else {
    constexpr int kDigits = std::numeric_limits<double>::max_digits10 - 1;
    char text[32];
    const auto end =
        std::to_chars(std::begin(text), std::end(text), value, std::chars_format::general, kDigits);
    out.append(std::begin(text), end.ptr);
  }
}

// A line is written in many small pieces: room for it is made once, and growing stays rare.
void make_room(std::string& out, std::size_t size) {
  if (out.capacity() - out.size() < size) {
    out.reserve(std::max(out.size() + size, 2 * out.capacity()));
  }
}

void append_labels(std::string& out, std::string_view labels) {
  if (!labels.empty()) {
    out.append("{").append(labels).append("}");
  }
  out += ' ';
}

void append_bucket(
    std::string& out,
    std::string_view name,
    std::string_view labels,
    const ClientMetric::Bucket& bucket
) {
  out.append(name).append("_bucket{").append(labels).append(labels.empty() ? "" : ",");
  out += "le=\"";
  append_number(out, bucket.upper_bound);
  out += "\"} ";
  append_count(out, bucket.cumulative_count);
  out += '\n';
}

}  // namespace

void append_sample(std::string& out, std::string_view name, std::string_view labels, double value) {
  constexpr std::size_t kLongestValue = 40;  // with what stands around it
  make_room(out, name.size() + labels.size() + kLongestValue);
  out += name;
  append_labels(out, labels);
  append_number(out, value);
  out += '\n';
}

void append_histogram(
    std::string& out,
    std::string_view name,
    std::string_view labels,
    const ClientMetric::Histogram& histogram
) {
  out.append(name).append("_count");
  append_labels(out, labels);
  append_count(out, histogram.sample_count);
  out += '\n';
  append_sample(out, std::string{name} + "_sum", labels, histogram.sample_sum);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double last = -kInfinity;
  for (const ClientMetric::Bucket& bucket : histogram.bucket) {
    append_bucket(out, name, labels, bucket);
    last = bucket.upper_bound;
  }
  if (last != kInfinity) {
    append_bucket(out, name, labels, {histogram.sample_count, kInfinity});
  }
}

}  // namespace pgrepl::metrics
