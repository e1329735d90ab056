// How many coroutines run on behalf of an object, so that it is destroyed only after the last.
#pragma once

#include <memory>
#include <utility>

namespace pgrepl::loop {

class Tasks {
 public:
  // One task, from its creation to its destruction. A coroutine takes it as an argument by value:
  // then it is counted before its first step, and until its frame is gone. It may outlive the
  // Tasks, as the frames of a loop that was stopped do; hence the shared count.
  class Running {
   public:
    explicit Running(std::shared_ptr<const char> count) : count_(std::move(count)) {}

    Running(Running&&) noexcept = default;
    Running& operator=(Running&&) noexcept = default;
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() = default;

   private:
    std::shared_ptr<const char> count_;
  };

  Tasks() = default;
  ~Tasks() = default;
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  [[nodiscard]] Running begin() const { return Running{count_}; }

  [[nodiscard]] bool none() const { return count_.use_count() == 1; }

 private:
  std::shared_ptr<const char> count_ = std::make_shared<const char>();
};

}  // namespace pgrepl::loop
