#include "session/libpq_files.h"

#include "files/read.h"

#include <cstdlib>
#include <string>

namespace pgrepl::session {

namespace {

struct NamedFile {
  const char* keyword;
  const char* variable;
  const char* in_home;  // libpq's default
};

constexpr NamedFile kTlsFiles[] = {
    {"sslcert", "PGSSLCERT", "/.postgresql/postgresql.crt"},
    {"sslkey", "PGSSLKEY", "/.postgresql/postgresql.key"},
    {"sslrootcert", "PGSSLROOTCERT", "/.postgresql/root.crt"},
    {"sslcrl", "PGSSLCRL", "/.postgresql/root.crl"},
};

std::optional<std::string> from_environment(const char* variable) {
  const char* text = std::getenv(variable);  // NOLINT: nobody changes the environment
  return text == nullptr || *text == '\0' ? std::nullopt : std::optional<std::string>{text};
}

std::string in_home(const char* file) {
  const auto home = from_environment("HOME");
  return home ? *home + file : "";
}

std::optional<std::string> problem_of(const std::string& what, const std::string& path) {
  const auto reason = path.empty() ? std::nullopt : files::why_not_regular(path);
  return reason ? std::optional{what + " " + path + " " + *reason} : std::nullopt;
}

// An engine's key ("pkcs11:token") and "system" are no files, and do not exist as such.
std::string path_of(const NamedFile& file, const pg::ConnInfo& conninfo) {
  const auto given = conninfo.parameter(file.keyword);
  if (given && !given->empty()) {
    return std::string{*given};
  }
  return from_environment(file.variable).value_or(in_home(file.in_home));
}

}  // namespace

std::optional<std::string> why_not_open_service_file() {
  if (const auto named = from_environment("PGSERVICEFILE")) {
    return problem_of("the service file", *named);
  }
  return problem_of("the service file", in_home("/.pg_service.conf"));
}

std::optional<std::string> why_not_open_files(const pg::ConnInfo& conninfo) {
  for (const NamedFile& file : kTlsFiles) {
    if (auto problem = problem_of(file.keyword, path_of(file, conninfo))) {
      return problem;
    }
  }
  const bool has_service = conninfo.parameter("service") || from_environment("PGSERVICE");
  return has_service ? why_not_open_service_file() : std::nullopt;
}

}  // namespace pgrepl::session
