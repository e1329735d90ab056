// What blocks, done on a few threads of its own while the loop goes on: look-ups of names, reading
// files on a disk that hangs, programs.
#pragma once

#include "loop/alarm.h"
#include "support/expected.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::session {

// Texts, or the reason why there are none.
using Brought = Expected<std::vector<std::string>, std::string>;
using Errand = std::function<Brought()>;

class Errands {
 public:
  // However many errands there are, and however long they take.
  static constexpr std::size_t kMostThreads = 4;

  explicit Errands(loop::Loop loop);
  // Errands go on behind the back of whoever is gone, and bring nothing. Who waits still is never
  // answered; its coroutine may be destroyed later.
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  // What `errand` brings; absent when it brings nothing by the deadline. It runs on another thread,
  // and may outlive this object; an exception of it is an error. One that outlives its deadline
  // goes on, and whoever asks with the same key meanwhile takes its result. Behind kMostThreads
  // errands that hang, others wait until their own deadline.
  asio::awaitable<std::optional<Brought>> run(
      std::string key, Errand errand, loop::Instant deadline
  );

 private:
  struct Waiter;
  struct Shared;

  void take_results();

  loop::Loop loop_;
  std::shared_ptr<Shared> shared_;  // with the threads, which may outlive this
};

}  // namespace pgrepl::session
