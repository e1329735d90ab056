// Reads what the exporter starts from: configuration and query files. The I/O around the pure
// loaders.
#pragma once

#include "start/command_line.h"
#include "start/setup.h"
#include "support/errors.h"
#include "support/expected.h"

#include <string>
#include <vector>

namespace pgrepl {

// The catalogue alone: the built-in queries and those of --extend.query-path.
[[nodiscard]] Expected<catalogue::Catalogue, Errors> read_catalogue(
    const std::vector<std::string>& patterns
);

// Every mistake in any of the files at once.
[[nodiscard]] Expected<Setup, Errors> read_setup(const CommandLine& line);

}  // namespace pgrepl
