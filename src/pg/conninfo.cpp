#include "pg/conninfo.h"

#include <algorithm>

namespace pgrepl::pg {

namespace {

using Parameter = std::pair<std::string, std::string>;

}  // namespace

std::optional<std::string_view> ConnInfo::parameter(std::string_view keyword) const {
  const auto found = std::ranges::find(parameters, keyword, &Parameter::first);
  return found == parameters.end() ? std::nullopt : std::optional<std::string_view>{found->second};
}

void ConnInfo::set_parameter(std::string_view keyword, std::string value) {
  const auto found = std::ranges::find(parameters, keyword, &Parameter::first);
  if (found != parameters.end()) {
    found->second = std::move(value);
  } else {
    parameters.emplace_back(keyword, std::move(value));
  }
}

void ConnInfo::set_password_of(const ConnInfo& other) {
  password = other.password;
  password_file = other.password_file;
  password_command = other.password_command;
  password_ttl = other.password_ttl;
}

}  // namespace pgrepl::pg
