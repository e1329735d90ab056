#include "config/web_file.h"

#include "support/yaml.h"

#include <algorithm>
#include <array>
#include <filesystem>

namespace pgrepl::config {

namespace {

template <class Value>
struct Word {
  std::string_view word;
  Value value;
};

constexpr std::array kClientAuths{
    Word<ClientAuth>{"NoClientCert", ClientAuth::None},
    Word<ClientAuth>{"RequestClientCert", ClientAuth::Request},
    Word<ClientAuth>{"RequireAnyClientCert", ClientAuth::RequireAny},
    Word<ClientAuth>{"VerifyClientCertIfGiven", ClientAuth::VerifyIfGiven},
    Word<ClientAuth>{"RequireAndVerifyClientCert", ClientAuth::RequireAndVerify},
};

constexpr std::array kVersions{
    Word<TlsVersion>{"TLS10", TlsVersion::Tls10},
    Word<TlsVersion>{"TLS11", TlsVersion::Tls11},
    Word<TlsVersion>{"TLS12", TlsVersion::Tls12},
    Word<TlsVersion>{"TLS13", TlsVersion::Tls13},
};

constexpr std::array kCurves{"CurveP256", "CurveP384", "CurveP521", "X25519"};

constexpr std::array kHeaders{
    "Content-Security-Policy",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "Strict-Transport-Security",
};

template <class Value, std::size_t N>
Value read_word(
    yaml::Reader& reader,
    std::string_view key,
    const std::array<Word<Value>, N>& words,
    Value otherwise
) {
  const auto text = reader.text(key);
  if (!text || text->empty()) {
    return otherwise;
  }
  const auto found = std::ranges::find(words, *text, &Word<Value>::word);
  if (found != words.end()) {
    return found->value;
  }
  std::string all;
  for (const auto& word : words) {
    all += (all.empty() ? "" : ", ") + std::string{word.word};
  }
  reader.error(key, "expected one of " + all);
  return otherwise;
}

// "$2y$10$", then salt and hash in 53 characters of their own base64. bcrypt takes costs from 4 to
// 31; with another it fails at once, which would tell a known name from an unknown one.
bool is_bcrypt(std::string_view hash) {
  constexpr std::string_view kBase64 =
      "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const bool has_form =
      hash.size() == 60 && hash[6] == '$' &&
      (hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$"));
  if (!has_form) {
    return false;
  }
  const std::string_view cost = hash.substr(4, 2);
  return cost >= "04" && cost <= "31" && cost.find_first_not_of("0123456789") == cost.npos &&
         hash.find_first_not_of(kBase64, 7) == hash.npos;
}

class WebFileReader {
 public:
  WebFileReader(const std::string& name, Errors& errors)
      : folder_(std::filesystem::path{name}.parent_path()), errors_(errors) {}

  WebFile read(const yaml::Node& root) {
    yaml::Reader reader{root, errors_};
    WebFile file;
    if (const yaml::Node* tls = reader.mapping("tls_server_config")) {
      if (!tls->entries.empty()) {
        file.tls = read_tls(*tls);
      }
    }
    if (const yaml::Node* http = reader.mapping("http_server_config")) {
      file.headers = read_http(*http);
    }
    if (const yaml::Node* users = reader.mapping("basic_auth_users")) {
      file.users = read_users(*users);
    }
    if (reader.any("rate_limit") != nullptr) {
      reader.error("rate_limit", "not supported: scrapes that come together share one round");
    }
    reader.finish();
    return file;
  }

 private:
  Pem read_pem(yaml::Reader& reader, std::string_view key, std::string_view file_key) {
    Pem pem;
    if (auto text = reader.text(key)) {
      pem.text = pg::Secret{std::move(*text)};
    }
    if (const auto file = reader.text(file_key); file && !file->empty()) {
      pem.file = (folder_ / *file).string();
    }
    if (pem.text && !pem.file.empty()) {
      reader.error(key, "give either " + std::string{key} + " or " + std::string{file_key});
    }
    return pem;
  }

  TlsServer read_tls(const yaml::Node& node) {
    yaml::Reader reader{node, errors_};
    TlsServer tls{
        .certificate = read_pem(reader, "cert", "cert_file"),
        .key = read_pem(reader, "key", "key_file"),
        .client_ca = read_pem(reader, "client_ca", "client_ca_file"),
        .client_auth = read_word(reader, "client_auth_type", kClientAuths, ClientAuth::None),
        .client_allowed_sans = reader.texts("client_allowed_sans"),
        .min_version = read_word(reader, "min_version", kVersions, TlsVersion::Tls12),
        .max_version = read_word(reader, "max_version", kVersions, TlsVersion::Tls13),
        .cipher_suites = reader.texts("cipher_suites"),
        .prefer_server_cipher_suites = reader.boolean("prefer_server_cipher_suites").value_or(true),
        .curve_preferences = reader.texts("curve_preferences"),
    };
    check(tls, reader);
    reader.finish();
    return tls;
  }

  static void check(const TlsServer& tls, yaml::Reader& reader) {
    if (!tls.certificate.is_given()) {
      reader.error("cert_file", "TLS needs a certificate: give cert_file or cert");
    }
    if (!tls.key.is_given()) {
      reader.error("key_file", "TLS needs the certificate's key: give key_file or key");
    }
    if (tls.min_version > tls.max_version) {
      reader.error("min_version", "exceeds max_version");
    }
    check_clients(tls, reader);
    for (const std::string& curve : tls.curve_preferences) {
      if (std::ranges::find(kCurves, curve) == kCurves.end()) {
        reader.error("curve_preferences", "expected CurveP256, CurveP384, CurveP521 or X25519");
      }
    }
  }

  static void check_clients(const TlsServer& tls, yaml::Reader& reader) {
    const bool verifies = tls.client_auth == ClientAuth::VerifyIfGiven ||
                          tls.client_auth == ClientAuth::RequireAndVerify;
    const bool requires_one = tls.client_auth == ClientAuth::RequireAny ||
                              tls.client_auth == ClientAuth::RequireAndVerify;
    if (verifies && !tls.client_ca.is_given()) {
      reader.error("client_auth_type", "verifying clients needs client_ca_file or client_ca");
    }
    if (tls.client_ca.is_given() && tls.client_auth == ClientAuth::None) {
      reader.error("client_auth_type", "a client CA is given, so say RequireAndVerifyClientCert");
    }
    if (!tls.client_allowed_sans.empty() && !requires_one) {
      reader.error(
          "client_allowed_sans",
          "needs client_auth_type RequireAndVerifyClientCert or RequireAnyClientCert"
      );
    }
  }

  std::vector<std::pair<std::string, std::string>> read_http(const yaml::Node& node) {
    std::vector<std::pair<std::string, std::string>> headers;
    yaml::Reader reader{node, errors_};
    (void)reader.boolean("http2");  // HTTP/1.1 is spoken whatever it says
    if (const yaml::Node* given = reader.mapping("headers")) {
      yaml::Reader header{*given, errors_};
      for (const char* name : kHeaders) {
        auto value = header.text(name);
        if (value && value->find_first_of("\r\n") != std::string::npos) {
          header.error(name, "a header is one line");
        } else if (value && !value->empty()) {
          headers.emplace_back(name, std::move(*value));
        }
      }
      header.finish();
    }
    reader.finish();
    return headers;
  }

  std::map<std::string, pg::Secret> read_users(const yaml::Node& node) {
    std::map<std::string, pg::Secret> users;
    for (const yaml::Entry& entry : node.entries) {
      const std::string& hash = entry.value.scalar;
      if (!is_bcrypt(hash)) {
        errors_.push_back(
            {entry.key_where,
             "basic_auth_users: '" + entry.key +
                 "' needs the bcrypt hash of its password, as `htpasswd -nBC 10 NAME` prints it"}
        );
      } else if (!users.emplace(entry.key, pg::Secret{hash}).second) {
        errors_.push_back({entry.key_where, "basic_auth_users: '" + entry.key + "' is given twice"}
        );
      }
    }
    return users;
  }

  std::filesystem::path folder_;
  Errors& errors_;
};

}  // namespace

Expected<WebFile, Errors> parse_web_file(std::string_view text, const std::string& name) {
  const auto root = yaml::parse(text, name);
  if (!root) {
    return Unexpected{root.error()};
  }
  Errors errors;
  WebFile file = WebFileReader{name, errors}.read(*root);
  if (!errors.empty()) {
    return Unexpected{std::move(errors)};
  }
  return file;
}

}  // namespace pgrepl::config
