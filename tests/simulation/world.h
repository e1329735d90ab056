// The simulated world: servers that write, send and replay WAL, and links between them and to each
// exporter. It moves in steps; between them it is only read. It knows nothing of the exporter.
#pragma once

#include "simulation/node.h"
#include "simulation/random.h"
#include "simulation/wal.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pgrepl::simulation {

inline constexpr milliseconds kStep{50};

// What names resolve to, for whoever asks.
// The last one is a fault of ours: the library that asks throws.
enum class NameService { Works, Fails, Hangs, Lies, Empty, Throws };

struct Promotion {
  Instant at;
  NodeId node;
};

class World {
 public:
  using SessionEnd = std::function<void(std::uint64_t backend)>;

  World(std::uint64_t seed, std::size_t exporters) : random_(seed), exporters_(exporters) {}

  NodeId add(Node node);

  // The world at `now`, a step after the last.
  void step(Instant now);

  [[nodiscard]] Instant now() const { return now_; }

  [[nodiscard]] const Wal& wal() const { return wal_; }

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }

  [[nodiscard]] Node& node(NodeId id) { return nodes_.at(id); }

  [[nodiscard]] const Node& node(NodeId id) const { return nodes_.at(id); }

  // By address, by a name that resolves to it; absent where there is none.
  [[nodiscard]] std::optional<NodeId> find(const std::string& host, std::uint16_t port) const;
  [[nodiscard]] std::optional<NodeId> find_name(const std::string& name) const;

  [[nodiscard]] Link& to_exporter(ExporterId exporter, NodeId id) {
    return to_exporters_[{exporter, id}];
  }

  [[nodiscard]] Link& between(NodeId a, NodeId b) {
    return between_[{std::min(a, b), std::max(a, b)}];
  }

  [[nodiscard]] std::size_t exporters() const { return exporters_; }

  // Where its WAL, or what it had replayed, ended at `at`, and what it was.
  [[nodiscard]] Node::Past past(NodeId id, Instant at) const;

  // Primaries whose process runs; a frozen one counts.
  [[nodiscard]] std::vector<NodeId> primaries() const;

  // Moves of servers. Each is possible at any time, and does nothing where it makes no sense.
  void crash(NodeId id);
  void start(NodeId id, milliseconds takes);
  void promote(NodeId id);
  // The primary stops cleanly, `next` gets all of its WAL and is promoted, the rest follows it.
  void switch_over(NodeId next);
  // Becomes a standby of the primary's cluster as of now, in a copy (pg_basebackup, pg_rewind).
  void rebuild(NodeId id, NodeId from);
  // Follows another one, as after a change of primary_conninfo.
  void repoint(NodeId id, NodeId upstream);
  // initdb: another system identifier, for itself and whoever is rebuilt from it.
  void renew(NodeId id);
  void end_backends(NodeId id);
  void end_backends_of(NodeId id, ExporterId exporter);

  // A crashed primary whose successor is there: it comes back by a rebuild only.
  void rebuild_later(NodeId id) { node(id).needs_rebuild = true; }

  // What the server's side knows of connections.
  std::uint64_t open_backend(NodeId id, ExporterId exporter);
  void close_backend(NodeId id, std::uint64_t backend);
  [[nodiscard]] std::size_t backends_of(NodeId id, ExporterId exporter) const;

  // Told of each backend that the server ends.
  SessionEnd on_end{};

  NameService name_service = NameService::Works;
  NameService patroni = NameService::Works;
  std::set<NodeId> listed{};  // what name service and Patroni list
  std::vector<Promotion> promotions{};

 private:
  void write(Node& node);
  void receive(NodeId id);
  void replay(Node& node);
  void stop_streaming(Node& node);
  void read_archive(Node& node);
  void remember(Node& node);
  void visit(NodeId id, std::vector<char>& done);
  [[nodiscard]] bool can_stream(NodeId id);
  [[nodiscard]] Instant start_instant(NodeId id) const;
  [[nodiscard]] std::uint32_t next_timeline(const Node& node) const;

  Random random_;
  std::size_t exporters_;
  Instant now_{};
  Wal wal_;
  std::vector<Node> nodes_;
  std::map<std::pair<ExporterId, NodeId>, Link> to_exporters_;
  std::map<std::pair<NodeId, NodeId>, Link> between_;
  std::uint64_t last_backend_ = 0;
  std::int64_t last_pid_ = 1000;
  std::uint64_t last_identifier_ = 7'000'000'000'000'000'000U;
};

}  // namespace pgrepl::simulation
