// Answers to the questions that decide whether a query runs, for as long as they hold.
#pragma once

#include "catalogue/select.h"
#include "session/query_error.h"

#include <map>
#include <string>
#include <vector>

namespace pgrepl::sampling {

using catalogue::Instant;

class PredicateAnswers {
 public:
  // Those of the due queries' predicates whose answers are not known at `now`, each once.
  [[nodiscard]] std::vector<std::string> unanswered(
      const std::vector<catalogue::DueQuery>& due, Instant now
  ) const;

  // A result of anything but at most one row with one boolean is a failure, kept as such.
  void note(const std::string& sql, const session::QueryResult& result, Instant at);

  struct Refused {
    const catalogue::Query* query;
    std::string error;
  };

  struct Sorted {
    std::vector<catalogue::DueQuery> run;
    std::vector<const catalogue::Query*> skipped;
    std::vector<Refused> failed;  // since one of their predicates has
  };

  // After all their predicates were answered.
  [[nodiscard]] Sorted sort(const std::vector<catalogue::DueQuery>& due) const;

  void clear() { answers_.clear(); }

 private:
  struct Answer {
    bool holds = false;
    std::string error;
    Instant at;
  };

  enum class Verdict { Runs, Skipped, Failed };

  // `error` is set when a predicate failed.
  struct Judgement {
    Verdict verdict = Verdict::Runs;
    std::string error{};
  };

  [[nodiscard]] Judgement judge(const catalogue::Query& query) const;

  std::map<std::string, Answer> answers_;
};

}  // namespace pgrepl::sampling
