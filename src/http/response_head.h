// The lines before an answer's body.
#pragma once

#include "http/message.h"

#include <chrono>
#include <string>

namespace pgrepl::http {

// Status line and headers, each with its line end. What is still to be added is about the client's
// connection: the line Connection and the empty line.
[[nodiscard]] std::string response_head(
    const Response& response, std::chrono::system_clock::time_point now
);

}  // namespace pgrepl::http
