// Many coroutines wait for one thing to happen, each until a deadline of its own.
#pragma once

#include "loop/alarm.h"

#include <list>

#include <asio/awaitable.hpp>

namespace pgrepl::loop {

class Bell {
 public:
  explicit Bell(Loop loop) : loop_(loop) {}

  // Returns at `deadline`, or when ring() is called before.
  asio::awaitable<void> wait_until(Instant deadline);

  // Ends all waits that are under way.
  void ring();

 private:
  Loop loop_;
  std::list<Alarm> waiting_;
};

}  // namespace pgrepl::loop
