// Values against the truth over one scenario.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pgrepl::accuracy {

struct Sample {
  double at = 0;  // seconds into the scenario
  double truth = 0;
  // When the page was asked for. Where it is given, any truth between the two is right: the page
  // may be of any moment between, and a whole segment of an archive may be replayed in one of them.
  std::optional<double> truth_before = {};
  double truth_error = 0;  // the time it took to read it, and what a heartbeat came too late
  std::optional<double> value;
  std::optional<double> uncertainty;
  std::optional<double> by_timestamp;  // now() - pg_last_xact_replay_timestamp()
  std::optional<double> by_equality;   // the same, but 0 when received = replayed
};

struct Verdict {
  double mean_error = 0;
  double max_error = 0;
  double false_alarm = 0;  // seconds above the threshold while the truth is below
  double missed_alarm = 0;
  double inside = 1;  // share of the samples with the truth inside value ± uncertainty
  std::size_t absent = 0;
  std::size_t least_only = 0;  // values without an uncertainty: not less than that
};

// How well the truth itself is known: a heartbeat comes every 50 ms and takes a moment to be read.
inline constexpr double kTruthError = 0.07;
inline constexpr double kThreshold = 10;
inline constexpr double kSpacing = 0.5;

// Of one column of the samples.
[[nodiscard]] Verdict judge(
    const std::vector<Sample>& samples, std::optional<double> Sample::*column
);

// A row for the table of docs/lag.md.
[[nodiscard]] std::string table_row(const std::string& name, const std::vector<Sample>& samples);
[[nodiscard]] std::string table_head();

}  // namespace pgrepl::accuracy
