// How to reach one server: the keys that `defaults` and every server share.
#pragma once

#include "config/sources.h"
#include "pg/conninfo.h"
#include "support/errors.h"
#include "support/yaml.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pgrepl::config {

// Every keyword of a conninfo string (PostgreSQL 15, manual "Parameter Key Words"), and the newer
// ones of pg/newer_keywords.h.
[[nodiscard]] std::span<const std::string_view> libpq_keywords();

// What to tell about a keyword of libpq_keywords() that the libpq which runs here is too old for.
// Absent when that libpq knows it.
[[nodiscard]] std::optional<std::string> why_not_known(
    std::string_view keyword, const ConnInfoParser& parse
);

struct ConnectionContext {
  const Sources& sources;
  pg::ConnInfo defaults;  // its endpoint gives only the port
};

// The section `defaults`.
[[nodiscard]] pg::ConnInfo read_defaults(
    const yaml::Node& section, const Sources& sources, Errors& errors
);

// The connection keys of a server, `defaults` filled in. Absent when it has no address or a wrong
// one, which is reported. The caller calls finish().
[[nodiscard]] std::optional<pg::ConnInfo> read_connection(
    yaml::Reader& reader, const ConnectionContext& context
);

// The connection keys of what is discovered, which brings its own address: as a server's without
// one. The endpoint has the port only. The caller calls finish().
[[nodiscard]] pg::ConnInfo read_login(yaml::Reader& reader, const ConnectionContext& context);

// What `conninfo` does not say, the defaults say; a password from any source counts as said. The
// database is then PGDATABASE or postgres, unless a service is named, which may know another.
[[nodiscard]] pg::ConnInfo filled(pg::ConnInfo conninfo, const ConnectionContext& context);

}  // namespace pgrepl::config
