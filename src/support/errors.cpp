#include "support/errors.h"

#include <algorithm>
#include <tuple>

namespace pgrepl {

std::string to_string(const InputError& error) {
  std::string text = error.where.file;
  if (error.where.line > 0) {
    text += ':' + std::to_string(error.where.line) + ':' + std::to_string(error.where.column);
  }
  if (!text.empty()) {
    text += ": ";
  }
  return text + error.message;
}

std::string to_string(const Errors& errors) {
  Errors sorted = errors;
  std::stable_sort(sorted.begin(), sorted.end(), [](const InputError& a, const InputError& b) {
    return std::tie(a.where.file, a.where.line, a.where.column) <
           std::tie(b.where.file, b.where.line, b.where.column);
  });
  std::string text;
  for (const InputError& error : sorted) {
    text += to_string(error) + '\n';
  }
  return text;
}

}  // namespace pgrepl
