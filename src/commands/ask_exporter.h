// One GET to a running exporter, over HTTPS and with a login where it asks for them. It blocks.
#pragma once

#include "config/discovery.h"
#include "support/expected.h"

#include <chrono>
#include <string>

namespace pgrepl {

// The body of an answer with status 200; the error names the host and the reason.
[[nodiscard]] Expected<std::string, std::string> ask_exporter(
    const config::Url& url, const config::RestAccess& access, std::chrono::milliseconds timeout
);

}  // namespace pgrepl
