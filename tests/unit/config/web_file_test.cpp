#include "config/web_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr const char* kHash = "$2y$04$WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS";

std::string mistakes(std::string_view text) {
  const auto file = parse_web_file(text, "/etc/exporter/web.yml");
  return file ? "" : to_string(file.error());
}

TEST(WebFile, EmptyFileAsksForNothing) {
  const auto file = parse_web_file("", "web.yml");
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->tls);
  EXPECT_TRUE(file->users.empty());
  EXPECT_TRUE(file->headers.empty());
}

TEST(WebFile, FilesAreRelativeToItsFolder) {
  const auto file = parse_web_file(
      "tls_server_config: { cert_file: tls/server.crt, key_file: /keys/server.key }",
      "/etc/exporter/web.yml"
  );
  ASSERT_TRUE(file);
  EXPECT_EQ(file->tls->certificate.file, "/etc/exporter/tls/server.crt");
  EXPECT_EQ(file->tls->key.file, "/keys/server.key");
  EXPECT_EQ(file->tls->min_version, TlsVersion::Tls12);
  EXPECT_EQ(file->tls->client_auth, ClientAuth::None);
}

TEST(WebFile, EveryKeyOfTls) {
  const auto file = parse_web_file(
      "tls_server_config:\n"
      "  cert: text\n"
      "  key: text\n"
      "  client_ca: text\n"
      "  client_auth_type: RequireAndVerifyClientCert\n"
      "  client_allowed_sans: [prometheus.example.com]\n"
      "  min_version: TLS13\n"
      "  max_version: TLS13\n"
      "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"
      "  prefer_server_cipher_suites: false\n"
      "  curve_preferences: [X25519, CurveP256]\n"
      "http_server_config: { http2: false, headers: { X-Frame-Options: deny } }\n"
      "basic_auth_users: { alice: " +
          std::string{kHash} + " }\n",
      "web.yml"
  );
  ASSERT_TRUE(file) << to_string(file.error());
  EXPECT_EQ(file->tls->client_auth, ClientAuth::RequireAndVerify);
  EXPECT_EQ(file->tls->min_version, TlsVersion::Tls13);
  EXPECT_THAT(file->tls->client_allowed_sans, ElementsAre("prometheus.example.com"));
  EXPECT_THAT(file->tls->cipher_suites, ElementsAre("TLS_AES_128_GCM_SHA256"));
  EXPECT_FALSE(file->tls->prefer_server_cipher_suites);
  EXPECT_THAT(file->tls->curve_preferences, ElementsAre("X25519", "CurveP256"));
  EXPECT_THAT(file->headers, ElementsAre(Pair("X-Frame-Options", "deny")));
  EXPECT_EQ(file->users.at("alice").reveal(), kHash);
}

TEST(WebFile, MistakesAreToldWithTheirPlaces) {
  EXPECT_THAT(
      mistakes("tls_server_config: { cert_file: a, client_auth_type: Always }"),
      ::testing::AllOf(
          HasSubstr("/etc/exporter/web.yml:1:54: client_auth_type: expected one of NoClientCert"),
          HasSubstr("give key_file or key")
      )
  );
  EXPECT_THAT(
      mistakes("tls_server_config: { cert_file: a, key_file: b, min_version: TLS13, max_version: "
               "TLS12 }"),
      HasSubstr("min_version: exceeds max_version")
  );
  EXPECT_THAT(mistakes("tls_server_confg: {}"), HasSubstr("did you mean 'tls_server_config'?"));
}

TEST(WebFile, ClientCertificatesThatNobodyWouldCheckAreAMistake) {
  const std::string server = "cert_file: a, key_file: b";
  EXPECT_THAT(
      mistakes("tls_server_config: { " + server + ", client_ca_file: c }"),
      HasSubstr("say RequireAndVerifyClientCert")
  );
  EXPECT_THAT(
      mistakes(
          "tls_server_config: { " + server + ", client_auth_type: RequireAndVerifyClientCert }"
      ),
      HasSubstr("needs client_ca_file")
  );
  EXPECT_THAT(
      mistakes("tls_server_config: { " + server + ", client_allowed_sans: [a] }"),
      HasSubstr("client_allowed_sans: needs client_auth_type")
  );
}

TEST(WebFile, PasswordThatIsNoHashIsRefusedAndNotShown) {
  const std::string told = mistakes("basic_auth_users: { alice: letmein }");
  EXPECT_THAT(told, HasSubstr("'alice' needs the bcrypt hash"));
  EXPECT_EQ(told.find("letmein"), std::string::npos);
}

}  // namespace
}  // namespace pgrepl::config
