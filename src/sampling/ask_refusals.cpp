#include "sampling/ask_refusals.h"

#include "log/log.h"
#include "sampling/collection.h"

#include <utility>
#include <vector>

namespace pgrepl::sampling {

namespace {

using session::QueryError;
using session::QueryResult;

void log_refusals(const PolledServer& polled) {
  std::string missing;
  for (const auto& [capability, answers] : polled.refusals.capabilities()) {
    missing += answers ? "" : (missing.empty() ? "" : ", ") + capability;
  }
  log::write(
      log::Level::Warning,
      "sampling",
      missing.empty() ? "the server refuses no function any more"
                      : "the server refuses functions to our role; what rests on them is absent",
      {{"server", polled.server.name}, {"capabilities", missing}}
  );
}

asio::awaitable<QueryResult> ask_once_more(
    PolledServer& polled, session::Session& session, Instant deadline
) {
  auto statement = polled.tick_statement(session);
  if (!statement) {
    co_return Unexpected<QueryError>{std::move(statement.error())};
  }
  std::vector<pg::Statement> statements{std::move(*statement)};
  auto results = co_await session.run(std::move(statements), deadline);
  co_return std::move(results.front());
}

}  // namespace

asio::awaitable<QueryResult> ask_tick(
    PolledServer& polled, session::Session& session, Instant deadline
) {
  auto result = co_await ask_once_more(polled, session, deadline);
  const bool refused = Refusals::calls_for_probes(result);
  if (!refused && !(result && polled.refusals.is_due(polled.now()))) {
    co_return result;
  }
  std::vector<pg::Statement> probes = Refusals::probes();
  const auto answers = co_await session.run(std::move(probes), deadline);
  if (const QueryError* lost = find_end(answers)) {
    // It fell silent after the tick's own answer, which is old by now.
    co_return Unexpected<QueryError>{*lost};
  }
  if (!polled.refusals.take(answers, polled.now())) {
    co_return result;
  }
  log_refusals(polled);
  if (refused) {
    result = co_await ask_once_more(polled, session, deadline);
  }
  co_return result;
}

}  // namespace pgrepl::sampling
