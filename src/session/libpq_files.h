// The files that libpq opens by itself.
#pragma once

#include "pg/conninfo.h"

#include <optional>
#include <string>

namespace pgrepl::session {

// Why libpq must not be let at one of them: it opens them in the caller's thread, and a named pipe
// would stop that for ever. Those that the conninfo names, those that the environment names
// (PGSSLKEY and others, PGSERVICEFILE), and libpq's own defaults below the home directory (libpq,
// "The Connection Service File" and "SSL Support"). Absent for regular files, and for what does not
// exist, which libpq can do without. libpq looks at passfile itself.
[[nodiscard]] std::optional<std::string> why_not_open_files(const pg::ConnInfo& conninfo);

// The same for the service file alone, which libpq reads wherever a service is named.
[[nodiscard]] std::optional<std::string> why_not_open_service_file();

}  // namespace pgrepl::session
