// Things of one kind that run until they are stopped. What is wanted no longer is stopped at once,
// and destroyed once nothing runs for it any more.
#pragma once

#include "loop/supervisor.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace pgrepl::watch {

// T has stop() and has_ended(). Its tasks run under the supervisor, with the T* as their owner.
template <class T>
class TaskSet {
 public:
  using Pointer = std::unique_ptr<T>;

  explicit TaskSet(loop::Supervisor& supervisor) : supervisor_(&supervisor) {}

  // Of those that run, in the order in which they were added.
  [[nodiscard]] auto begin() const { return running_.begin(); }

  [[nodiscard]] auto end() const { return running_.end(); }

  [[nodiscard]] std::size_t size() const { return running_.size(); }

  [[nodiscard]] bool empty() const { return running_.empty(); }

  void add(Pointer task) { running_.push_back(std::move(task)); }

  // All that run, out of the set: whatever is not added again is to be retired.
  [[nodiscard]] std::vector<Pointer> take_all() { return std::exchange(running_, {}); }

  // Stops it; sweep() destroys it later.
  void retire(Pointer task) {
    stop(*task);
    stopping_.push_back(std::move(task));
  }

  // Makes those that run the ones of `wanted`, in that order. One of which `serves(task, want)` is
  // true goes on, for others `make(want)` makes one, and what is left is retired, and returned.
  template <class Wanted, class Serves, class Make>
  std::vector<const T*> become(
      const std::vector<Wanted>& wanted, const Serves& serves, const Make& make
  ) {
    std::vector<Pointer> before = take_all();
    for (const Wanted& want : wanted) {
      const auto same = std::ranges::find_if(before, [&](const Pointer& task) {
        return task != nullptr && serves(*task, want);
      });
      add(same != before.end() ? std::move(*same) : make(want));
    }
    std::vector<const T*> retired;
    for (Pointer& left : before) {
      if (left != nullptr) {
        retired.push_back(left.get());
        retire(std::move(left));
      }
    }
    return retired;
  }

  void retire_all() {
    for (Pointer& task : take_all()) {
      retire(std::move(task));
    }
  }

  // Stops all that run, and keeps them: they are read until the end.
  void stop_all() const {
    for (const Pointer& task : running_) {
      stop(*task);
    }
  }

  // Destroys what was retired and has come to its end. True when nothing is left of that.
  bool sweep() {
    std::erase_if(stopping_, [this](const Pointer& task) { return has_ended(*task); });
    return stopping_.empty();
  }

  // Whether nothing runs for any of them.
  [[nodiscard]] bool has_ended() const {
    const auto ended = [this](const Pointer& task) { return has_ended(*task); };
    return std::ranges::all_of(running_, ended) && std::ranges::all_of(stopping_, ended);
  }

 private:
  void stop(T& task) const {
    task.stop();
    supervisor_->wake(&task);
  }

  [[nodiscard]] bool has_ended(const T& task) const {
    return task.has_ended() && !supervisor_->runs(&task);
  }

  loop::Supervisor* supervisor_;
  std::vector<Pointer> running_;
  std::vector<Pointer> stopping_;
};

}  // namespace pgrepl::watch
