// How much of others' words and demands is borne: the section `limits`.
#pragma once

#include "support/errors.h"
#include "support/yaml.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace pgrepl::config {

struct Limits {
  std::size_t answer_bytes = std::size_t{32} << 20U;  // of a server's answer to one statement
  std::size_t text_bytes = std::size_t{4} << 10U;     // of an error's message
  std::size_t series_per_server = 50'000;
  std::size_t discovered_servers = 1000;  // of a cluster, beside those that are listed
  // A scrape that comes sooner after the last round is answered with what that round found.
  std::chrono::milliseconds min_round_interval{200};

  friend bool operator==(const Limits&, const Limits&) = default;
};

[[nodiscard]] Limits read_limits(const yaml::Node& node, Errors& errors);

// "32MiB", "4KiB", "1GiB", "512B"; absent when it is no such text: a bare number says no unit.
[[nodiscard]] std::optional<std::size_t> parse_bytes(std::string_view text);

}  // namespace pgrepl::config
