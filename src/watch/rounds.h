// Who waits for which round. A pure machine: time comes in as an argument, what is to be done goes
// out as a value.
//
// All who ask while a round runs wait for that one. A round ends when every server has answered, or
// at its own deadline; how long a reader can wait bounds the wait of that reader alone.
#pragma once

#include "cluster/sample.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace pgrepl::watch {

using cluster::Instant;

// One who waits for a round.
using Reader = std::uint64_t;

// One server in a round; it means nothing but itself.
using Asked = const void*;

class Rounds {
 public:
  // A reader who can wait until `patience`. He waits for the round under way; without one, the
  // caller begins one.
  [[nodiscard]] Reader join(Instant patience);

  // He waits no longer; without effect when he has been answered.
  void leave(Reader reader);

  [[nodiscard]] bool is_running() const { return running_; }

  // A round over `servers`, which ends at `deadline` at the latest. With no server it waits for
  // that.
  void begin(Instant now, Instant deadline, std::vector<Asked> servers);

  // Of the round under way, or of the last one. 0 before the first.
  [[nodiscard]] std::uint64_t number() const { return number_; }

  // One server of round `number` is through; true when the round under way has to wait for nobody
  // any more. One of an earlier round says nothing about this one.
  bool note_answer(std::uint64_t number, Asked server);

  // Whether the round under way still waits for this server.
  [[nodiscard]] bool waits_for(Asked server) const { return asked_.contains(server); }

  // When to call due() next, unless something happens before: the end of the round, or that of a
  // reader's patience.
  [[nodiscard]] Instant next() const;

  struct Due {
    bool ended = false;           // the round is over, and `readers` are all who waited for it
    std::vector<Reader> readers;  // to be answered now, from what is known now
  };

  // What has become due at `now`. Readers in it wait no longer.
  [[nodiscard]] Due due(Instant now);

  // Ends the round without an answer. Returns all who waited for it.
  std::vector<Reader> give_up();

  // When the round under way, or the last one, began.
  [[nodiscard]] Instant began() const { return began_; }

 private:
  struct Waiting {
    Reader reader;
    Instant patience;
  };

  std::vector<Reader> take_all();

  bool running_ = false;
  std::uint64_t number_ = 0;
  Instant began_{};
  Instant deadline_{};
  bool waits_for_deadline_ = false;  // there was nobody to ask
  std::set<Asked> asked_;            // that have not answered yet
  std::vector<Waiting> waiting_;
  Reader last_ = 0;
};

}  // namespace pgrepl::watch
