// Mistakes in what the user gave us, each with its place. Collected, so that all are shown at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgrepl {

// A place in an input. `file` may also name a flag or an environment variable; line and column
// count from 1 and are 0 where the input has none.
struct SourceLocation {
  std::string file;
  int line = 0;
  int column = 0;

  friend bool operator==(const SourceLocation&, const SourceLocation&) = default;
};

struct InputError {
  SourceLocation where;
  std::string message;  // what is wrong and, if we know it, the remedy

  friend bool operator==(const InputError&, const InputError&) = default;
};

using Errors = std::vector<InputError>;

// "file:line:column: message"; the numbers are left out where there are none.
[[nodiscard]] std::string to_string(const InputError& error);

// One error a line, in the order of their places in each file.
[[nodiscard]] std::string to_string(const Errors& errors);

}  // namespace pgrepl
