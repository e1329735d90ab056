#include "session/start_connection.h"

#include "session/classify.h"
#include "session/libpq_facts.h"
#include "session/libpq_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

namespace pgrepl::session {

namespace {

// Keywords and values as PQconnectStartParams takes them.
class Parameters {
 public:
  void add(std::string keyword, std::string value) {
    keywords_.push_back(std::move(keyword));
    values_.push_back(std::move(value));
  }

  [[nodiscard]] Conn start() const {
    return Conn{PQconnectStartParams(pointers(keywords_).data(), pointers(values_).data(), 0)};
  }

 private:
  static std::vector<const char*> pointers(const std::vector<std::string>& texts) {
    std::vector<const char*> pointers;
    for (const std::string& text : texts) {
      pointers.push_back(text.c_str());
    }
    pointers.push_back(nullptr);
    return pointers;
  }

  std::vector<std::string> keywords_;
  std::vector<std::string> values_;
};

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : ",") + part;
  }
  return text;
}

// By default libpq looks for Kerberos credentials before every connection, which costs half a
// megabyte of libraries; whoever encrypts by GSSAPI says so.
bool says_gssencmode(const pg::ConnInfo& conninfo) {
  return conninfo.parameter("gssencmode") || conninfo.parameter("service") ||
         std::getenv("PGGSSENCMODE") != nullptr;  // NOLINT: nobody changes the environment
}

ConnectError unusable_file(std::string message) {
  return {.reason = pg::FailureReason::Auth, .message = std::move(message), .sqlstate = ""};
}

// libpq 15 to 17 warns on stderr of a password file that is not a plain one, and /dev/null is the
// usual word for "none". Nothing can be below a device, so libpq finds no file there and is silent.
constexpr const char* kNoPasswordFile = "/dev/null/none";

std::optional<std::string> password_file_of(const pg::ConnInfo& conninfo) {
  if (const auto file = conninfo.parameter("passfile")) {
    return std::string{*file};
  }
  const char* file = std::getenv("PGPASSFILE");  // NOLINT: nobody changes the environment
  return file == nullptr ? std::nullopt : std::optional<std::string>{file};
}

void add_address(
    Parameters& parameters, const pg::ConnInfo& conninfo, const std::vector<std::string>& addresses
) {
  if (!conninfo.endpoint.host.empty()) {
    // host stays beside hostaddr: certificates are checked against it.
    const std::size_t count = std::max<std::size_t>(addresses.size(), 1);
    parameters.add("host", joined(std::vector<std::string>(count, conninfo.endpoint.host)));
    parameters.add("port", std::to_string(conninfo.endpoint.port));
  }
  if (!addresses.empty()) {
    parameters.add("hostaddr", joined(addresses));
  }
}

}  // namespace

Expected<Conn, ConnectError> start_connection(
    const pg::ConnInfo& conninfo,
    const std::vector<std::string>& addresses,
    const std::optional<pg::Secret>& password
) {
  Parameters parameters;
  add_address(parameters, conninfo, addresses);
  for (const auto& [keyword, value] : conninfo.parameters) {
    parameters.add(keyword, value);
  }
  if (password_file_of(conninfo) == "/dev/null") {
    parameters.add("passfile", kNoPasswordFile);  // the last of a keyword counts
  }
  if (password) {
    parameters.add("password", password->reveal());
  }
  if (auto problem = why_not_open_files(conninfo)) {
    return Unexpected{unusable_file(std::move(*problem))};
  }
  if (conninfo.reach && !conninfo.parameter("require_auth") && knows_parameter("require_auth")) {
    // A server that somebody else named may not ask for the password in clear.
    parameters.add("require_auth", "!password");
  }
  if (!says_gssencmode(conninfo)) {
    parameters.add("gssencmode", "disable");
  }
  parameters.add("fallback_application_name", "pg_replication_exporter");
  parameters.add("client_encoding", "UTF8");
  errno = 0;
  Conn conn = parameters.start();
  const int system_error = errno;
  if (conn == nullptr) {
    return Unexpected<ConnectError>{ConnectError{.message = "out of memory", .sqlstate = ""}};
  }
  if (PQstatus(conn.get()) == CONNECTION_BAD) {
    return Unexpected<ConnectError>{
        classify_connect_failure(PQerrorMessage(conn.get()), system_error)};
  }
  return conn;
}

}  // namespace pgrepl::session
