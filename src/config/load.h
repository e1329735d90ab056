// Makes the configuration from file, environment and flags.
#pragma once

#include "config/config.h"
#include "config/sources.h"
#include "support/errors.h"
#include "support/expected.h"

namespace pgrepl::config {

// The configuration, or every mistake in it at once. A flag wins over the file, a file that lists
// clusters over DATA_SOURCE_*, and these over libpq's own variables. No error shows a secret.
[[nodiscard]] Expected<Config, Errors> load(const Sources& sources);

}  // namespace pgrepl::config
