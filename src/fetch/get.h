// One GET of one small document, for the commands that ask a running exporter. It blocks.
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

// The deadline covers everything but looking up a host that is a name. No redirects, no TLS.
// The error names the host and the reason.
[[nodiscard]] Expected<Answer, std::string> get(
    const std::string& host,
    std::uint16_t port,
    const std::string& path,
    std::chrono::milliseconds timeout
);

// The response as it came, up to the end of the connection. Absent when it is no HTTP, or cut off.
[[nodiscard]] Expected<Answer, std::string> parse_answer(const std::string& response);

}  // namespace pgrepl::http
