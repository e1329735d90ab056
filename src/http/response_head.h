// The lines before an answer's body.
#pragma once

#include "http/server.h"

#include <chrono>
#include <string>
#include <string_view>

namespace pgrepl::http {

// Status, headers and the empty line after them, to be sent in one piece. `reason` is the status in
// words; `stays_open`: whether another request may follow on the connection.
[[nodiscard]] std::string response_head(
    const Response& response,
    std::string_view reason,
    bool stays_open,
    std::chrono::system_clock::time_point now
);

}  // namespace pgrepl::http
