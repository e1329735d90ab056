#include "sampling/predicates.h"

#include <algorithm>
#include <utility>

namespace pgrepl::sampling {

std::vector<std::string> PredicateAnswers::unanswered(
    const std::vector<catalogue::DueQuery>& due, Instant now
) const {
  std::vector<std::string> open;
  for (const catalogue::DueQuery& query : due) {
    for (const catalogue::Predicate& predicate : query.query->predicates) {
      const auto known = answers_.find(predicate.sql);
      const bool holds = known != answers_.end() && now - known->second.at < predicate.keeps;
      if (!holds && std::ranges::find(open, predicate.sql) == open.end()) {
        open.push_back(predicate.sql);
      }
    }
  }
  return open;
}

void PredicateAnswers::note(
    const std::string& sql, const session::QueryResult& result, Instant at
) {
  Answer answer{.at = at};
  if (!result) {
    answer.error = "its predicate failed: " + result.error().message;
  } else if (result->rows() > 1 || result->width() != 1) {
    answer.error = "its predicate answers with more than one value";
  } else if (result->rows() == 1) {
    const auto value = result->at(0, std::size_t{0});
    answer.holds = value == "t";
    if (value && value != "t" && value != "f") {
      answer.error = "its predicate answers with something else than true or false";
    }
  }
  answers_[sql] = std::move(answer);
}

PredicateAnswers::Sorted PredicateAnswers::sort(const std::vector<catalogue::DueQuery>& due) const {
  Sorted sorted;
  for (const catalogue::DueQuery& query : due) {
    Judgement judged = judge(*query.query);
    if (judged.verdict == Verdict::Runs) {
      sorted.run.push_back(query);
    } else if (judged.verdict == Verdict::Failed) {
      sorted.failed.push_back({query.query, std::move(judged.error)});
    } else {
      sorted.skipped.push_back(query.query);
    }
  }
  return sorted;
}

PredicateAnswers::Judgement PredicateAnswers::judge(const catalogue::Query& query) const {
  for (const catalogue::Predicate& predicate : query.predicates) {
    const auto known = answers_.find(predicate.sql);
    if (known == answers_.end()) {
      return {Verdict::Failed, "its predicate was not answered"};
    }
    if (!known->second.error.empty()) {
      return {Verdict::Failed, known->second.error};
    }
    if (!known->second.holds) {
      return {Verdict::Skipped};
    }
  }
  return {};
}

}  // namespace pgrepl::sampling
