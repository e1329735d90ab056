#include "sampling/ask_predicates.h"

#include <utility>

namespace pgrepl::sampling {

namespace {

// It has cost the connection: it is not asked again with the next round.
void note_too_large(
    PredicateAnswers& answers,
    const std::vector<std::string>& open,
    const catalogue::Batch& batch,
    const std::vector<session::QueryResult>& results,
    Instant asked
) {
  for (std::size_t i = 0; i < open.size(); ++i) {
    const session::QueryResult& result = results[batch.places[i]];
    if (!result && result.error().reason == pg::FailureReason::TooLarge) {
      answers.note(open[i], result, asked);
    }
  }
}

}  // namespace

asio::awaitable<std::optional<session::QueryError>> ask_predicates(
    PolledServer& polled,
    session::Session& session,
    PredicateAnswers& answers,
    const std::vector<catalogue::DueQuery>& due,
    Instant deadline
) {
  const Instant asked = polled.now();
  const auto open = answers.unanswered(due, asked);
  if (open.empty()) {
    co_return std::nullopt;
  }
  const catalogue::Batch batch = catalogue::make_predicate_batch(open);
  std::vector<pg::Statement> statements = batch.statements;
  const auto results = co_await session.run(std::move(statements), deadline);
  for (const session::QueryResult& result : results) {
    if (!result && result.error().ends_session) {
      note_too_large(answers, open, batch, results, asked);
      co_return result.error();
    }
  }
  for (std::size_t i = 0; i < open.size(); ++i) {
    answers.note(open[i], results[batch.places[i]], asked);
  }
  co_return std::nullopt;
}

}  // namespace pgrepl::sampling
