#include "watch/rounds.h"

#include <algorithm>
#include <utility>

namespace pgrepl::watch {

Reader Rounds::join(Instant patience) {
  last_ += 1;
  waiting_.push_back({last_, patience});
  return last_;
}

void Rounds::leave(Reader reader) {
  std::erase_if(waiting_, [reader](const Waiting& waiting) { return waiting.reader == reader; });
}

void Rounds::begin(Instant now, Instant deadline, std::vector<Asked> servers) {
  running_ = true;
  number_ += 1;
  began_ = now;
  deadline_ = deadline;
  waits_for_deadline_ = servers.empty();
  asked_ = {servers.begin(), servers.end()};
}

bool Rounds::note_answer(std::uint64_t number, Asked server) {
  return number == number_ && asked_.erase(server) > 0 && asked_.empty();
}

Instant Rounds::next() const {
  Instant next = Instant::max();
  if (running_) {
    next = asked_.empty() && !waits_for_deadline_ ? began_ : deadline_;
  }
  for (const Waiting& waiting : waiting_) {
    next = std::min(next, waiting.patience);
  }
  return next;
}

Rounds::Due Rounds::due(Instant now) {
  const bool complete = asked_.empty() && !waits_for_deadline_;
  if (running_ && (complete || now >= deadline_)) {
    running_ = false;
    asked_.clear();
    return {.ended = true, .readers = take_all()};
  }
  Due due;
  for (const Waiting& waiting : waiting_) {
    if (waiting.patience <= now) {
      due.readers.push_back(waiting.reader);
    }
  }
  std::erase_if(waiting_, [now](const Waiting& waiting) { return waiting.patience <= now; });
  return due;
}

std::vector<Reader> Rounds::give_up() {
  running_ = false;
  asked_.clear();
  return take_all();
}

std::vector<Reader> Rounds::take_all() {
  std::vector<Reader> readers;
  for (const Waiting& waiting : std::exchange(waiting_, {})) {
    readers.push_back(waiting.reader);
  }
  return readers;
}

}  // namespace pgrepl::watch
