// Who of several exporters reads a server in full. Places are session advisory locks on the server
// itself, so that the end of an exporter's connection frees its place. Decisions only: the poller
// obeys, tests drive it step by step.
#pragma once

#include "cluster/sample.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pgrepl::sampling {

using cluster::Instant;

enum class Place : std::uint8_t {
  Unknown,     // not asked for yet, or the connection that held it is gone
  Waiting,     // none: a login now and then says whether the server answers
  Understudy,  // the next to observe: keeps its connection, and asks for a place at every tick
  Observer,    // reads the server in full
};

class ObserverPlace {
 public:
  // `cluster` separates the places of clusters that share a server; absent, or with no limit to the
  // observers, everybody is one.
  ObserverPlace(std::optional<std::string> cluster, int observers, std::chrono::milliseconds tick);

  [[nodiscard]] Place place() const { return place_; }

  [[nodiscard]] bool is_observer() const { return place_ == Place::Observer; }

  // It answers, and is left to other exporters.
  [[nodiscard]] bool is_left_to_others() const {
    return place_ == Place::Waiting || place_ == Place::Understudy;
  }

  // Held for so long that a server which has just come back gives way to it.
  [[nodiscard]] bool is_settled(Instant now) const;

  // What we have at the server that decides for the cluster; absent for that server itself, and
  // while there is none.
  void want(std::optional<Place> wanted) { wanted_ = wanted; }

  // It has a better place than it should, and must close its connections.
  [[nodiscard]] bool must_step_down() const;

  // Nothing is to be asked of the server at `now`.
  [[nodiscard]] bool rests(Instant now) const;

  // One row, one column: the number of the place that was given, or -1.
  [[nodiscard]] std::string claim_sql() const;

  // Gives the understudy's place to the next one, after its holder has become an observer.
  [[nodiscard]] std::string release_sql() const;

  // What claim_sql() brought. `fraction` in [0, 1) spreads the visits of many exporters.
  void given(std::optional<int> number, Instant now, double fraction);

  // The connection is gone, and the place with it.
  void lost();

  // The server is reached through a pooler, over which no lock of ours may be held: it is read by
  // the exporters that read the rest of its cluster, and by all where it is alone.
  void not_handed_out(Instant now, double fraction);

 private:
  [[nodiscard]] std::string lock(const char* function, int number) const;

  bool limited_;
  std::int32_t key_ = 0;
  int observers_;
  std::chrono::milliseconds tick_;
  Place place_ = Place::Unknown;
  // Before the connection was gone. Who waits closes it after each visit, and goes on waiting.
  Place lost_ = Place::Unknown;
  std::optional<Place> wanted_;
  Instant since_{};
  Instant next_visit_{};
  bool over_pooler_ = false;  // nobody can wait in line there
};

// What one exporter has at one server of a cluster.
struct PlaceAt {
  std::string server;
  Place place = Place::Unknown;
  bool settled = false;
};

// What it should have at each, so that the same exporters observe all servers of a cluster: lag is
// known only to those that see both sides. The first settled server by name decides, else the first
// of which anything is known; for it, and for all while there is none, the answer is absent.
[[nodiscard]] std::vector<std::optional<Place>> wanted_places(std::span<const PlaceAt> places);

}  // namespace pgrepl::sampling
