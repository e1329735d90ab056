#include "accuracy/measurement.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace pgrepl::accuracy {

namespace {

std::string number(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string pair(double a, double b, int digits) {
  return number(a, digits) + " / " + number(b, digits);
}

// "mean/max, false/missed", or a dash when there never was a value.
std::string short_form(const Verdict& verdict, std::size_t samples) {
  if (verdict.absent == samples) {
    return "no value";
  }
  return pair(verdict.mean_error, verdict.max_error, 2) + ", " +
         pair(verdict.false_alarm, verdict.missed_alarm, 0);
}

double error_of(double value, const Sample& sample) {
  const double before = sample.truth_before.value_or(sample.truth);
  const auto [least, most] = std::minmax(before, sample.truth);
  return std::abs(value - std::clamp(value, least, most));
}

}  // namespace

Verdict judge(const std::vector<Sample>& samples, std::optional<double> Sample::*column) {
  Verdict verdict;
  std::size_t present = 0;
  std::size_t inside = 0;
  for (const Sample& sample : samples) {
    const auto& value = sample.*column;
    const bool alarm = value && *value > kThreshold;
    const bool due = sample.truth > kThreshold;
    verdict.false_alarm += alarm && !due ? kSpacing : 0;
    verdict.missed_alarm += due && !alarm ? kSpacing : 0;
    if (!value) {
      ++verdict.absent;
      continue;
    }
    ++present;
    const double error = error_of(*value, sample);
    verdict.mean_error += error;
    verdict.max_error = std::max(verdict.max_error, error);
    // Without an uncertainty, the value is the least that the truth can be.
    const double excess = sample.uncertainty ? error - *sample.uncertainty : *value - sample.truth;
    inside += excess <= sample.truth_error + kTruthError ? 1U : 0U;
    verdict.least_only += sample.uncertainty ? 0U : 1U;
  }
  if (present > 0) {
    verdict.mean_error /= static_cast<double>(present);
    verdict.inside = static_cast<double>(inside) / static_cast<double>(present);
  }
  return verdict;
}

std::string table_head() {
  return "| scenario | mean / max error, s | false / missed alarm, s | inside the uncertainty | "
         "by replay timestamp | the same, 0 when received = replayed |\n"
         "| --- | --- | --- | --- | --- | --- |\n";
}

std::string table_row(const std::string& name, const std::vector<Sample>& samples) {
  const Verdict own = judge(samples, &Sample::value);
  return "| " + name + " | " + pair(own.mean_error, own.max_error, 3) + " | " +
         pair(own.false_alarm, own.missed_alarm, 1) + " | " + number(own.inside * 100, 1) +
         " % of " + std::to_string(samples.size()) + " samples | " +
         short_form(judge(samples, &Sample::by_timestamp), samples.size()) + " | " +
         short_form(judge(samples, &Sample::by_equality), samples.size()) + " |";
}

}  // namespace pgrepl::accuracy
