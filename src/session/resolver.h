// Host names to addresses, on a few threads of their own: getaddrinfo() blocks for as long as name
// servers are silent, and cannot be interrupted.
#pragma once

#include "loop/alarm.h"
#include "support/expected.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::session {

// What a look-up gives: every address of the host, or what the resolver said.
using HostLookup =
    std::function<Expected<std::vector<std::string>, std::string>(const std::string& host)>;

// By getaddrinfo(). Blocks.
[[nodiscard]] Expected<std::vector<std::string>, std::string> look_up_host(const std::string& host);

class Resolver {
 public:
  // However many names are asked for, and however long name servers are silent.
  static constexpr std::size_t kMostThreads = 4;

  // `look_up` runs on other threads than the loop's, and may outlive the resolver.
  explicit Resolver(loop::Loop loop, HostLookup look_up = look_up_host);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Every address of `host`, in the system's order of preference; an address is its own. A look-up
  // that outlives its deadline goes on, and whoever asks for the same name meanwhile takes its
  // result. Behind kMostThreads look-ups that hang, others wait until their own deadline.
  asio::awaitable<Expected<std::vector<std::string>, std::string>> resolve(
      std::string host, loop::Instant deadline
  );

 private:
  struct Waiter;
  struct Shared;

  void take_results();

  loop::Loop loop_;
  std::vector<Waiter*> waiters_;
  std::shared_ptr<Shared> shared_;  // with the threads, which may outlive this
};

}  // namespace pgrepl::session
