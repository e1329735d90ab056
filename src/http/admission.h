// Who may be connected: a bound in all and one for each client address. A connection that waits for
// its client makes room for a new one; one whose request is being answered does not. So silent and
// slow clients, however many, keep nobody out. Pure: no sockets and no clock.
#pragma once

#include "http/refusals.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgrepl::http {

class Admission {
 public:
  using Id = std::uint64_t;

  struct Bounds {
    std::size_t in_all = 0;
    std::size_t of_address = 0;
    std::size_t unread_bytes = 0;  // see hold()
  };

  // Whom to let in, whom to close for it, and what to count when somebody pays.
  struct Decision {
    std::optional<Id> admitted;  // absent: close the new connection
    std::optional<Id> victim;    // has been taken out already
    std::optional<Refusal> reason;
  };

  explicit Admission(Bounds bounds) : bounds_(bounds) {}

  // `address` is what is bounded; see bounded_address(). The new connection waits for its client.
  [[nodiscard]] Decision admit(const std::string& address);

  // It waits for its client from now on: to send, or to read. Called at each step the client makes.
  // An unknown id is ignored, here and below.
  void waits(Id id);
  // It waits for us from now on.
  void works(Id id);
  void leave(Id id);

  // `bytes` of an answer for this client are in memory from now on; 0: none. Returns who must be
  // closed to keep the bound, the longest waiting first; they have been taken out. One answer
  // alone may be as long as it is.
  [[nodiscard]] std::vector<Id> hold(Id id, std::size_t bytes);

  // The one that has waited longest for its client, taken out; absent when none waits. For when
  // no file descriptor is left.
  [[nodiscard]] std::optional<Id> evict();

  [[nodiscard]] std::size_t size() const { return connections_.size(); }

 private:
  struct Connection {
    std::string address;
    std::uint64_t waits_since = 0;  // a step of `steps_`; 0: it does not wait
    std::size_t held = 0;           // bytes
  };

  struct Address {
    std::size_t count = 0;
    std::map<std::uint64_t, Id> waiting;  // by the step since when
  };

  [[nodiscard]] std::optional<Id> longest_waiting_of_busiest() const;
  void stop_waiting(Connection& connection);

  Bounds bounds_;
  Id last_ = 0;
  std::uint64_t steps_ = 0;
  std::size_t held_ = 0;
  std::map<Id, Connection> connections_;
  std::map<std::string, Address> addresses_;
  std::map<std::uint64_t, Id> waiting_;  // all of them, by the step since when
};

}  // namespace pgrepl::http
