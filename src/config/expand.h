// Variables of the environment in the values of a configuration file.
#pragma once

#include "config/sources.h"
#include "support/errors.h"
#include "support/yaml.h"

namespace pgrepl::config {

// Replaces ${VAR} and ${VAR:-default} in every scalar below `node`, but not in keys; the default
// serves a variable that is unset or empty, and $$ is a literal $. What comes from a variable is
// not scanned again and is not shown in errors.
[[nodiscard]] yaml::Node expand(yaml::Node node, const Environment& environment, Errors& errors);

}  // namespace pgrepl::config
