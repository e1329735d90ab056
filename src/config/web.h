// How the exporter is reached: the section `web` and its flags.
#pragma once

#include "config/config.h"
#include "config/sources.h"
#include "support/errors.h"
#include "support/yaml.h"

namespace pgrepl::config {

// A flag replaces what the section says.
[[nodiscard]] Web read_web(const yaml::Node& section, const Flags& flags, Errors& errors);

}  // namespace pgrepl::config
