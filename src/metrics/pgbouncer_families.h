// The series of a PgBouncer, under the names of the community's exporter for it.
#pragma once

#include "cluster/pgbouncer.h"
#include "exposition/family.h"

namespace pgrepl::metrics {

// Columns are read by name: one that its version does not have leaves its series out.
void add_pgbouncer_families(
    const cluster::PgBouncerStatus& status, const Labels& labels, Families& families
);

}  // namespace pgrepl::metrics
