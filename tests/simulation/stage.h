// Plays a film: the world, the exporters in it, the moves, and what must always hold.
#pragma once

#include "simulation/exporter.h"
#include "simulation/invariant.h"
#include "simulation/log_trap.h"
#include "simulation/scenario.h"

#include <memory>
#include <vector>

#include <asio/io_context.hpp>

namespace pgrepl::simulation {

class Stage {
 public:
  // `catalogue` outlives it.
  Stage(Scenario scenario, const catalogue::Catalogue& catalogue, bool keeps_film);
  ~Stage();

  // The first thing that did not hold; absent when all did.
  [[nodiscard]] std::optional<Violation> play();

  [[nodiscard]] const Film& film() const { return film_; }

 private:
  struct Seat {
    std::unique_ptr<Exporter> exporter;  // null: it is being restarted
    std::shared_ptr<const pages::Picture> seen;
    std::size_t events = 0;
  };

  [[nodiscard]] std::optional<Violation> play_to_the_end();
  void add_nodes();
  void start(ExporterId id);
  void restart(ExporterId id, bool kill);
  void reload(std::uint64_t seed);
  void perform(const Move& move);
  void perform_on_server(const Move& move);
  void perform_on_manners(const Move& move, Manners& manners);
  void perform_on_cluster(const Move& move);
  void perform_on_names(const Move& move);
  void repair();
  void step(Instant now);
  void look(ExporterId id);
  void leave();
  void look_at_the_end();
  [[nodiscard]] Setup setup_of(std::uint64_t seed) const;
  void film_picture(ExporterId id, const pages::Picture& picture);

  LogTrap log_;
  Scenario scenario_;
  const catalogue::Catalogue& catalogue_;
  Film film_;
  SimulatedClock clock_;
  asio::io_context io_{1};
  loop::Loop loop_{io_, clock_};
  World world_;
  Recipes recipes_;
  Ledger ledger_;
  Exchange exchange_;
  std::vector<Seat> seats_;
  std::vector<std::unique_ptr<Exporter>> leaving_;
  Truth truth_;
  std::vector<std::unique_ptr<Invariant>> invariants_;
  std::size_t next_move_ = 0;
  std::uint64_t list_ = 0;  // which servers are listed; 0: all
};

}  // namespace pgrepl::simulation
