// The rows of a catalogue's query as samples, by what its columns were declared to be.
#pragma once

#include "catalogue/query.h"
#include "exposition/family.h"
#include "pg/result_set.h"

#include <cstddef>
#include <string>

namespace pgrepl::metrics {

// What a query's rows hold that the page cannot show.
struct DroppedSamples {
  std::size_t duplicates = 0;    // a sample with the same labels stands there already
  std::size_t unreadable = 0;    // the text is no number
  std::string first_unreadable;  // its column

  friend bool operator==(const DroppedSamples&, const DroppedSamples&) = default;
};

// `labels` go before the query's own; a label of the query that is named like one of them gets
// "exported_" before its name, as Prometheus would do. NULL is the column's fallback, or no sample;
// as a label it is empty. Texts are read as pg::to_number() does.
DroppedSamples add_query_families(
    const catalogue::Query& query,
    const pg::ResultSet& rows,
    const Labels& labels,
    Families& families
);

}  // namespace pgrepl::metrics
