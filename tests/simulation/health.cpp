#include "simulation/health.h"

namespace pgrepl::simulation {

namespace {

void keep(std::optional<Instant>& since, bool holds, Instant now) {
  if (!holds) {
    since.reset();
  } else if (!since) {
    since = now;
  }
}

}  // namespace

void Health::note(World& world, milliseconds tick, Instant now) {
  for (ExporterId exporter = 0; exporter < world.exporters(); ++exporter) {
    for (NodeId id = 0; id < world.nodes().size(); ++id) {
      const Node& node = world.node(id);
      const Link& link = world.to_exporter(exporter, id);
      Condition& condition = conditions_[{exporter, id}];
      const bool reached = link.carries_answers() && node.runs();
      const Manners& manners = node.manners;
      const bool quick = manners.slowness + 6 * link.latency < tick / 3;
      const bool able = reached && quick && !manners.refuses_password && !manners.is_full &&
                        !manners.cuts_after && node.ended_at < now - kStep;
      keep(condition.able_since, able, now);
      keep(condition.unable_since, !reached, now);
      if (manners.slow_query_for > milliseconds{1'200}) {
        condition.slow_at = now;
      }
      if (manners.refuses_password) {
        condition.refused_at = now;
      }
    }
  }
}

}  // namespace pgrepl::simulation
