// The front's own connections to the HTTP library, and who may use which.
//
// The library gives a thread to a connection. So the front holds exactly as many connections as the
// library has threads, for ever, and sends one complete request after the other on each. Health
// checks, logins and probes have lanes of their own: none of them waits behind the others.
#pragma once

#include "http/fair_queue.h"
#include "http/inner_answer.h"
#include "http/inner_hop.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

namespace pgrepl::http {

enum class LaneKind : std::uint8_t { Health, Login, Probe, Other };

// One login at a time: wrong passwords keep no more than one core busy.
inline constexpr std::array<std::size_t, 4> kLanes{2, 1, 8, 9};
inline constexpr std::size_t kAllLanes = kLanes[0] + kLanes[1] + kLanes[2] + kLanes[3];

// A request that somebody waits for.
struct Job {
  Job(asio::io_context& io, LaneKind its_kind) : kind(its_kind), done(io) {
    done.expires_at(asio::steady_timer::time_point::max());
  }

  LaneKind kind;
  std::string owner;     // whose turn it is, among those that wait
  std::string request;   // whole
  bool has_body = true;  // of the answer: not for HEAD
  bool is_done = false;
  std::optional<Answer> answer;  // absent when there was none
  asio::steady_timer done;       // cancelled when it is done
};

class Lanes {
 public:
  // The library listens at `target`; a request may take as long as `patience`. `hop` and `io`
  // outlive this, and `io` does not run any more when it is destroyed.
  Lanes(
      asio::io_context& io,
      asio::ip::tcp::endpoint target,
      InnerHop& hop,
      std::chrono::milliseconds patience
  );

  void start();

  // Its timer is cancelled when it is done.
  void submit(std::shared_ptr<Job> job);

  // How many jobs of this owner wait for a lane.
  [[nodiscard]] std::size_t waiting(LaneKind kind, const std::string& owner) const;

  // Gives up requests that have taken too long.
  void sweep(std::chrono::steady_clock::time_point now);

 private:
  struct Lane;
  using LanePointer = std::shared_ptr<Lane>;

  // Whatever is thrown, out of memory for example, costs the request under way and never the lane.
  void keep_running(const LanePointer& lane);
  asio::awaitable<void> run(LanePointer lane);
  asio::awaitable<bool> open(LanePointer lane);
  // Whether the lane may be used again.
  asio::awaitable<bool> exchange(LanePointer lane, std::shared_ptr<Job> job);
  static asio::awaitable<std::optional<Answer>> read_answer(LanePointer lane, bool has_body);

  asio::io_context& io_;
  asio::ip::tcp::endpoint target_;
  InnerHop& hop_;
  std::chrono::milliseconds patience_;
  std::array<FairQueue<std::shared_ptr<Job>>, kLanes.size()> queues_;
  std::array<std::vector<std::weak_ptr<Lane>>, kLanes.size()> idle_;
  std::vector<std::weak_ptr<Lane>> all_;
};

}  // namespace pgrepl::http
