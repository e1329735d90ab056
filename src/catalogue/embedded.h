// The query files that were compiled into the binary.
#pragma once

#include <span>
#include <string_view>

namespace pgrepl::catalogue {

struct EmbeddedFile {
  std::string_view name;  // "stat_database.yaml"
  std::string_view text;
};

[[nodiscard]] std::span<const EmbeddedFile> embedded_query_files();

}  // namespace pgrepl::catalogue
