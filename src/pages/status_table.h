// The answer of /api/v1/clusters as a table for a terminal.
#pragma once

#include "support/expected.h"

#include <cstdint>
#include <string>

namespace pgrepl::pages {

enum class Colours : std::uint8_t { None, Ansi };

struct StatusTable {
  std::string text;
  bool healthy = false;  // every cluster is
};

// `document` comes from an exporter that may be another version: members it lacks are dashes. The
// error says that it is no such answer. Names cannot steer the terminal.
[[nodiscard]] Expected<StatusTable, std::string> status_table(
    const std::string& document, Colours colours
);

}  // namespace pgrepl::pages
