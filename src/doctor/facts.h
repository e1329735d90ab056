// What the doctor asks a server, in one statement that any member of pg_monitor may run on any
// supported version, primary or standby. Texts that may hold a secret never leave the server.
#pragma once

#include "pg/result_set.h"
#include "support/expected.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pgrepl::doctor {

[[nodiscard]] std::string_view question();

// The one row of the answer by column; what is NULL or unknown is absent.
class Facts {
 public:
  Facts() = default;

  explicit Facts(std::map<std::string, std::string, std::less<>> values)
      : values_(std::move(values)) {}

  [[nodiscard]] std::string text(std::string_view name) const;  // empty when absent
  [[nodiscard]] std::optional<double> number(std::string_view name) const;

  [[nodiscard]] bool is_true(std::string_view name) const { return text(name) == "t"; }

  [[nodiscard]] bool is_false(std::string_view name) const { return text(name) == "f"; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// The error says that there is no such row.
[[nodiscard]] Expected<Facts, std::string> decode_facts(const pg::ResultSet& answer);

}  // namespace pgrepl::doctor
