// Which servers of a cluster are watched, and under which names: what the sources say, joined with
// what the servers themselves show. A value; time is an argument.
//
// However much the sources name, no more than a limit is entered: the sources are others', and each
// server costs two connections.
//
// Two entries are one server when their postmasters are the same: started at the same microsecond,
// with the same system identifier as far as both are known. Addresses do not decide, since a proxy
// or a forwarded port gives many servers one address; only while nothing better is known, a name
// that resolves to exactly the other's address counts. The configured one stays, else the one that
// was found first.
#pragma once

#include "config/config.h"
#include "pg/timeline.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgrepl::discovery {

using Instant = std::chrono::steady_clock::time_point;

// What a watched server shows of itself.
struct Sighting {
  std::string server;
  std::optional<double> postmaster_start_time;  // absent while it does not answer
  std::optional<pg::SystemIdentifier> system_identifier;
  std::vector<std::string> addresses;          // what its host name resolved to
  std::vector<std::string> standby_addresses;  // where its WAL senders serve unknown standbys
};

// Whether a source knows all servers that there are, or only some of them: a server that the latter
// kind no longer lists is kept for as long as it answers.
enum class Coverage : std::uint8_t { Complete, Partial };

class Roster {
 public:
  // Of one cluster, beside the configured servers.
  static constexpr std::size_t kMost = 1000;

  // At most `most` servers are entered beside the configured ones; those that are gone and not
  // forgotten yet count too.
  Roster(
      std::vector<config::Server> configured,
      std::vector<Coverage> sources,
      std::chrono::milliseconds forget_after,
      std::size_t most = kMost
  );

  // What the sources of `before` found, where they are sources of this one too: `numbers` has their
  // places here. A configured server stands for what was found under its name or address.
  void take_over(const Roster& before, std::span<const std::optional<std::size_t>> numbers);

  // The latest answer of a source replaces the one before. Where it has one name for several
  // addresses, each of them is called "name/address:port".
  void take_answer(std::size_t source, const std::vector<config::Server>& found);
  // What it said before stays valid.
  void take_failure(std::size_t source, std::string reason);
  // Finds the entries that are one server, and forgets the ones that are gone for long enough.
  void take_sightings(std::span<const Sighting> sightings, Instant now);

  // The servers to watch, each once: configured ones first, then in the order they were found. A
  // discovered server waits until every source has spoken, so that the order of the sources and not
  // their speed decides about names.
  [[nodiscard]] std::vector<config::Server> watched() const;

  // Why sources fail now, and that servers are left out when there are too many; empty when neither
  // is so.
  [[nodiscard]] std::vector<std::string> failures() const;

 private:
  // An entry that another one stands for.
  struct Alias {
    std::string of;
    std::optional<double> postmaster_start_time;  // absent: it has the same address

    friend bool operator==(const Alias&, const Alias&) = default;
  };

  struct Entry {
    config::Server server;
    std::string given_name;             // by the source that found it
    std::optional<std::size_t> source;  // that found it; absent when configured
    std::set<std::size_t> listed_by;
    std::optional<Instant> gone_since;
    std::optional<Alias> alias;
  };

  struct Source {
    Coverage coverage;
    bool has_spoken = false;
    std::optional<std::string> failure;
    std::vector<config::Server> unsorted;  // its answer, until every source has spoken
    bool overflows = false;                // not all of its answer was entered
  };

  using Address = std::pair<std::string, std::uint16_t>;
  using SightingsByName = std::map<std::string_view, const Sighting*>;
  class Index;
  class Originals;

  void take_waiting_answers();
  void enter(std::size_t source, const config::Server& found, Index& index);
  [[nodiscard]] static Address full_address_of(const pg::ConnInfo& conninfo);
  static void tell_apart(std::vector<config::Server>& found);
  void forget_gone(const SightingsByName& sightings, Instant now);

  std::vector<Entry> entries_;
  std::vector<Source> sources_;
  std::chrono::milliseconds forget_after_;
  std::size_t most_;
};

// The address that is connected to: hostaddr where there is one, else the host.
[[nodiscard]] std::string address_of(const pg::ConnInfo& conninfo);

}  // namespace pgrepl::discovery
