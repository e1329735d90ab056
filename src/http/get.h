// One blocking GET, for the commands that ask a running exporter.
#pragma once

#include "support/expected.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace pgrepl::http {

struct Answer {
  int status = 0;
  std::string body;
};

// The error says what failed: connecting, the time, or what was answered.
[[nodiscard]] Expected<Answer, std::string> get(
    const std::string& host,
    std::uint16_t port,
    const std::string& path,
    std::chrono::milliseconds timeout
);

}  // namespace pgrepl::http
