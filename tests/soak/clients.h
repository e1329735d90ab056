// The clients of an exporter, each on a thread of its own: eight that scrape, and three that
// dawdle.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pgrepl::testing {

class Clients {
 public:
  explicit Clients(std::uint16_t port);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  void stop();

  // They finish what they are at, and ask nothing more until go_on().
  void pause() { paused_ = true; }

  void go_on() { paused_ = false; }

  [[nodiscard]] int pages() const { return pages_; }

  [[nodiscard]] int failures() const { return failures_; }

  // The first failure; empty without one.
  [[nodiscard]] std::string first_failure() const;

 private:
  void scrape(std::size_t number);
  // Half a request, and gone when the next one begins.
  void leave_midway() const;
  // A request that comes byte by byte.
  void ask_slowly() const;
  // Asks for the page, and takes it in crumbs.
  void read_slowly() const;
  // Before the next request. False when there is to be none.
  [[nodiscard]] bool may_ask() const;
  void note_failure(const std::string& what);

  std::uint16_t port_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> paused_ = false;
  std::atomic<int> pages_ = 0;
  std::atomic<int> failures_ = 0;
  mutable std::mutex mutex_;
  std::string first_failure_;
  std::vector<std::thread> threads_;
};

}  // namespace pgrepl::testing
