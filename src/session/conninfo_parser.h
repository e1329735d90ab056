// Turns conninfo strings and URIs into values, by libpq's own rules.
#pragma once

#include "pg/conninfo.h"
#include "support/expected.h"

#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::session {

// One ConnInfo for each host that `text` lists. Host and port come, where `text` gives none, from
// its service, then from PGSERVICE, PGHOST, PGHOSTADDR and PGPORT, then from libpq's own defaults;
// every other keyword that is not given is left to libpq, which fills it in when it connects.
// The error says what kind of mistake it is and quotes nothing of `text`, which holds a password.
[[nodiscard]] Expected<std::vector<pg::ConnInfo>, std::string> parse_conninfo(std::string_view text
);

}  // namespace pgrepl::session
