#include "watch/task_set.h"

#include "unit/sampling/scripted_network.h"

#include <string>

#include <gtest/gtest.h>

namespace pgrepl::watch {
namespace {

using namespace std::chrono_literals;

struct Task {
  explicit Task(std::string of) : target(std::move(of)) {}

  void stop() { stopped = true; }

  [[nodiscard]] bool has_ended() const { return stopped && !busy; }

  std::string target;
  bool stopped = false;
  bool busy = false;
};

using Targets = std::vector<std::string>;

class TaskSetTest : public ::testing::Test {
 protected:
  std::vector<const Task*> become(const Targets& wanted) {
    return set.become(
        wanted,
        [](const Task& task, const std::string& want) { return task.target == want; },
        [this](const std::string& want) {
          made += 1;
          return std::make_unique<Task>(want);
        }
    );
  }

  [[nodiscard]] Targets targets() const {
    Targets all;
    for (const auto& task : set) {
      all.push_back(task->target);
    }
    return all;
  }

  [[nodiscard]] Task& at(std::size_t place) const {
    return **(set.begin() + static_cast<long>(place));
  }

  asio::awaitable<void> wait_a_second() {
    loop::Alarm alarm{loop};
    co_await alarm.wait_until(loop.now() + 1s);
  }

  testing::SteppedClock clock;
  asio::io_context io{1};
  loop::Loop loop{io, clock};
  loop::Supervisor supervisor{loop, [](const std::string&) {}};
  TaskSet<Task> set{supervisor};
  int made = 0;
};

TEST_F(TaskSetTest, BecomesWhatIsWantedInThatOrder) {
  become({"a", "b"});
  become({"c", "a"});
  EXPECT_EQ(targets(), (Targets{"c", "a"}));
}

TEST_F(TaskSetTest, WhatIsWantedAsBeforeGoesOn) {
  become({"a", "b"});
  const Task* const kept = &at(1);
  become({"b"});
  EXPECT_EQ(&at(0), kept);
  EXPECT_FALSE(kept->stopped);
  EXPECT_EQ(made, 2);
}

TEST_F(TaskSetTest, TwoOfOneTargetAreTwoTasks) {
  become({"a", "a"});
  EXPECT_EQ(made, 2);
  become({"a"});
  EXPECT_EQ(set.size(), 1U);
  EXPECT_EQ(made, 2);
}

TEST_F(TaskSetTest, WhatIsLeftIsStoppedAtOnceAndDestroyedWhenItHasEnded) {
  become({"a"});
  at(0).busy = true;
  Task& leaving = at(0);
  EXPECT_EQ(become({}), std::vector<const Task*>{&leaving});
  EXPECT_TRUE(leaving.stopped);
  EXPECT_FALSE(set.sweep());
  EXPECT_FALSE(set.has_ended());
  leaving.busy = false;
  EXPECT_TRUE(set.sweep());
  EXPECT_TRUE(set.has_ended());
}

TEST_F(TaskSetTest, NothingIsDestroyedForWhichSomethingStillRuns) {
  become({"a"});
  supervisor.spawn(&at(0), "round", wait_a_second());
  become({});
  EXPECT_FALSE(set.sweep());
  clock.run_until(io, loop.now() + 1s);
  EXPECT_TRUE(set.sweep());
}

TEST_F(TaskSetTest, StoppedTasksStayReadable) {
  become({"a"});
  set.stop_all();
  EXPECT_TRUE(at(0).stopped);
  EXPECT_EQ(targets(), Targets{"a"});
  EXPECT_TRUE(set.has_ended());
}

}  // namespace
}  // namespace pgrepl::watch
