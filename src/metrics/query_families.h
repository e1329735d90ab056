// The rows of a catalogue's query as samples, by what its columns were declared to be.
#pragma once

#include "catalogue/query.h"
#include "metrics/family.h"
#include "pg/result_set.h"

namespace pgrepl::metrics {

// `labels` go before the query's own. NULL gives no sample; as a label it is empty. A value that is
// no number gives no sample either; true and false are 1 and 0.
void add_query_families(
    const catalogue::Query& query,
    const pg::ResultSet& rows,
    const Labels& labels,
    Families& families
);

}  // namespace pgrepl::metrics
