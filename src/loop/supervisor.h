// Runs everything that runs on the loop, and stands for what happens when one of them throws: that
// costs one turn, a line in the log, a count and a pause. No exception ends a task that should go
// on, and none ends the process.
#pragma once

#include "loop/alarm.h"

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>

namespace pgrepl::loop {

// A task that goes on, turn by turn.
struct Turns {
  std::string name;  // of its kind: "tick", "discovery"; a value of a label
  // One turn, with the pause that follows it.
  std::function<asio::awaitable<void>()> turn;
  // Asked before each turn: the task is to end. Does not throw.
  std::function<bool()> is_over;
  // The turn ended by an exception, and why. What it left behind may be half done. Does not throw.
  std::function<void(const std::string& why)> failed = [](const std::string&) {};
};

class Supervisor {
 public:
  // What a task works on. Whoever destroys it first waits until nothing runs for it.
  using Owner = const void*;
  using CountFailure = std::function<void(const std::string& task)>;

  // `count` is called once for each turn and each piece of work that ends by an exception.
  Supervisor(Loop loop, CountFailure count) : loop_(loop), count_(std::move(count)) {}

  ~Supervisor() = default;
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Runs turns until the task is over. After a turn that threw, the next comes after a pause, which
  // grows from one second to a minute as long as turns throw.
  void keep(Owner owner, Turns turns);

  // Runs `work` once. `ended` is called when it has come to its end, also by an exception. What
  // `ended` throws is a failure of the same task.
  void spawn(
      Owner owner, std::string name, asio::awaitable<void> work, std::function<void()> ended = {}
  );

  // Ends the pauses after failures of this owner's tasks: they see that they are over.
  void wake(Owner owner);

  // No turn begins any more, and no pause after a failure goes on. Turns and work under way end
  // when their owners stop them.
  void stop();

  // Whether anything of this owner has not ended yet.
  [[nodiscard]] bool runs(Owner owner) const;

  // How many tasks and pieces of work have not ended yet.
  [[nodiscard]] std::size_t running() const { return running_.size(); }

 private:
  struct Running {
    Running(Owner of, std::string named, Loop loop)
        : owner(of), name(std::move(named)), pause(loop) {}

    Owner owner;
    std::string name;
    Turns turns{};                 // of a task that goes on
    asio::awaitable<void> work{};  // of one that runs once
    std::function<void()> ended{};
    Alarm pause;
    std::string told{};  // the failure that the log has; empty when the last turn went well
  };

  using Place = std::list<Running>::iterator;

  Place add(Owner owner, std::string name);
  void run(Place place, asio::awaitable<void> task);
  asio::awaitable<void> turn_until_over(Place place);
  asio::awaitable<void> work_once(Place place);
  void note_failure(Running& running, const std::string& why);
  static void note_success(Running& running);

  Loop loop_;
  CountFailure count_;
  std::list<Running> running_;
  bool stopped_ = false;
};

}  // namespace pgrepl::loop
