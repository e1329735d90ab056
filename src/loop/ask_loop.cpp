#include "loop/ask_loop.h"

namespace pgrepl::loop {

void detail::Question::give_up() {
  const std::lock_guard lock{mutex_};
  is_over_ = true;
  over_.notify_all();
}

void Questions::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  for (const auto& question : waiting_) {
    question->give_up();
  }
}

bool Questions::open(const std::shared_ptr<detail::Question>& question) {
  const std::lock_guard lock{mutex_};
  if (!closed_) {
    waiting_.insert(question);
  }
  return !closed_;
}

void Questions::forget(const std::shared_ptr<detail::Question>& question) {
  const std::lock_guard lock{mutex_};
  waiting_.erase(question);
}

}  // namespace pgrepl::loop
