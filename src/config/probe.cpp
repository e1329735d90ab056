#include "config/probe.h"

#include "config/connection.h"
#include "support/pattern.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace pgrepl::config {

namespace {

void read_login(
    const yaml::Node& section, const FileReader& read_file, AuthModule& module, Errors& errors
) {
  yaml::Reader reader{section, errors};
  module.username = reader.required_text("username").value_or("");
  if (auto password = reader.text("password")) {
    module.password = pg::Secret{std::move(*password)};
  }
  if (auto file = reader.text("password_file")) {
    if (const auto text = read_file(*file); !text) {
      reader.error("password_file", "'" + *file + "' " + text.error());
    }
    module.password_file = std::move(*file);
  }
  reader.finish();
}

void read_options(
    const yaml::Node& section, const Sources& sources, AuthModule& module, Errors& errors
) {
  yaml::Reader reader{section, errors};
  const auto keywords = libpq_keywords();
  for (const yaml::Entry& entry : section.entries) {
    if (std::ranges::find(keywords, entry.key) == keywords.end()) {
      errors.push_back({entry.key_where, entry.key + ": libpq knows no such parameter"});
    } else if (const auto problem = why_not_known(entry.key, sources.parse_conninfo)) {
      errors.push_back({entry.key_where, entry.key + ": " + *problem});
    }
    if (auto value = reader.text(entry.key)) {
      module.options.emplace_back(entry.key, std::move(*value));
    }
  }
}

AuthModule read_module(const yaml::Node& section, const Sources& sources, Errors& errors) {
  AuthModule module;
  yaml::Reader reader{section, errors};
  const auto type = reader.text("type").value_or("userpass");
  if (type != "userpass") {
    reader.error("type", "the only type is userpass, found '" + type + "'");
  }
  if (const yaml::Node* login = reader.mapping("userpass")) {
    read_login(*login, sources.read_file, module, errors);
  } else {
    reader.error("userpass", "is missing; it holds username and password");
  }
  if (const yaml::Node* options = reader.mapping("options")) {
    read_options(*options, sources, module, errors);
  }
  reader.finish();
  return module;
}

}  // namespace

Probe read_probe(const yaml::Node& section, Errors& errors) {
  yaml::Reader reader{section, errors};
  Probe probe{.allowed_targets = reader.texts("allowed_targets")};
  reader.finish();
  return probe;
}

std::map<std::string, AuthModule> read_auth_modules(
    const yaml::Node& section, const Sources& sources, Errors& errors
) {
  // Reports names given twice.
  (void)yaml::Reader{section, errors};
  std::map<std::string, AuthModule> modules;
  for (const yaml::Entry& entry : section.entries) {
    modules.emplace(entry.key, read_module(entry.value, sources, errors));
  }
  return modules;
}

bool is_allowed(const Probe& probe, const std::string& target) {
  return std::ranges::any_of(probe.allowed_targets, [&target](const std::string& pattern) {
    return matches(pattern, target);
  });
}

}  // namespace pgrepl::config
