// The file of --web.config.file, in the format that exporters of the Prometheus project share: TLS,
// logins and headers of the web server.
#pragma once

#include "pg/conninfo.h"
#include "support/errors.h"
#include "support/expected.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgrepl::config {

enum class ClientAuth : std::uint8_t { None, Request, RequireAny, VerifyIfGiven, RequireAndVerify };
enum class TlsVersion : std::uint8_t { Tls10, Tls11, Tls12, Tls13 };

// Text in PEM, given as it is or by the name of its file.
struct Pem {
  std::optional<pg::Secret> text;
  std::string file;

  [[nodiscard]] bool is_given() const { return text || !file.empty(); }
};

struct TlsServer {
  Pem certificate;  // with its chain
  Pem key;
  Pem client_ca;
  ClientAuth client_auth = ClientAuth::None;
  std::vector<std::string> client_allowed_sans;  // empty: any
  TlsVersion min_version = TlsVersion::Tls12;
  TlsVersion max_version = TlsVersion::Tls13;
  std::vector<std::string> cipher_suites;  // the standard's names; empty: the library's choice
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curve_preferences;  // likewise
};

struct WebFile {
  std::optional<TlsServer> tls;
  std::vector<std::pair<std::string, std::string>> headers;  // of every answer
  std::map<std::string, pg::Secret> users;                   // name → bcrypt hash of the password
};

// `name` is the file's, for errors; relative names of files inside are relative to its folder.
[[nodiscard]] Expected<WebFile, Errors> parse_web_file(
    std::string_view text, const std::string& name
);

}  // namespace pgrepl::config
