// Asks a server what decides whether queries run on it.
#pragma once

#include "sampling/polled_server.h"
#include "sampling/predicates.h"

#include <optional>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::sampling {

// Puts into `answers` what the predicates of `due` need and is not known. Costs a round trip of its
// own when there is any. The error when the session ended under them: then no answer is noted of
// those that were left.
asio::awaitable<std::optional<session::QueryError>> ask_predicates(
    PolledServer& polled,
    session::Session& session,
    PredicateAnswers& answers,
    const std::vector<catalogue::DueQuery>& due,
    Instant deadline
);

}  // namespace pgrepl::sampling
