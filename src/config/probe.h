// Who may be probed beyond the known servers, and with which logins: the sections `probe` and
// `auth_modules`, the latter as postgres_exporter has it.
#pragma once

#include "config/config.h"
#include "config/sources.h"
#include "support/errors.h"
#include "support/yaml.h"

#include <map>
#include <string>

namespace pgrepl::config {

[[nodiscard]] Probe read_probe(const yaml::Node& section, Errors& errors);

// A password may be left out: certificates, peer and trust need none.
[[nodiscard]] std::map<std::string, AuthModule> read_auth_modules(
    const yaml::Node& section, const Sources& sources, Errors& errors
);

// Whether `target`, "host:port", matches one of the patterns, in which * stands for any text.
[[nodiscard]] bool is_allowed(const Probe& probe, const std::string& target);

}  // namespace pgrepl::config
