// Host names to addresses, on a thread of their own: getaddrinfo() blocks for as long as name
// servers are silent, and cannot be interrupted.
#pragma once

#include "support/expected.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

namespace pgrepl::session {

class Resolver {
 public:
  explicit Resolver(asio::io_context& io) : io_(io) {}

  // Every address of `host`, in the system's order of preference; an address is its own. The error
  // says what the resolver said. A look-up that outlives its deadline goes on, and the next call
  // for the same name takes its result: there is never more than one thread.
  asio::awaitable<Expected<std::vector<std::string>, std::string>> resolve(
      std::string host, std::chrono::steady_clock::time_point deadline
  );

 private:
  // Shared with the thread, which may outlive the resolver.
  struct Lookup {
    std::string host;
    std::mutex mutex;
    std::optional<Expected<std::vector<std::string>, std::string>> result;
  };

  static void look_up(const std::shared_ptr<Lookup>& lookup);
  std::optional<Expected<std::vector<std::string>, std::string>> take_result();

  asio::io_context& io_;
  std::shared_ptr<Lookup> running_;
};

}  // namespace pgrepl::session
