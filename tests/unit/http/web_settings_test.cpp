#include "http/web_settings.h"

#include "http/inner_hop.h"
#include "support/captured_log.h"
#include "support/certificate.h"
#include "support/scratch_folder.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace pgrepl::http {
namespace {

class WebSettingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder.write("cert.pem", certificate.certificate);
    folder.write("key.pem", certificate.key);
    folder.write("web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n");
  }

  [[nodiscard]] std::string refusal() const {
    const auto settings = WebSettings::open(folder / "web.yml");
    return settings ? "taken" : to_string(settings.error());
  }

  void replace_by_directory(const std::string& name) const {
    std::filesystem::remove(folder / name);
    std::filesystem::create_directory(folder / name);
  }

  void replace_by_pipe(const std::string& name) const {
    std::filesystem::remove(folder / name);
    ASSERT_EQ(::mkfifo((folder / name).c_str(), 0600), 0);
  }

  testing::CapturedLog log;
  testing::Certificate certificate = testing::make_certificate("localhost");
  testing::ScratchFolder folder;
};

TEST_F(WebSettingsTest, TakesCertificateAndKeyFromTheFilesItNames) {
  const auto settings = WebSettings::open(folder / "web.yml");
  ASSERT_TRUE(settings) << to_string(settings.error());
  EXPECT_TRUE((*settings)->serves_tls());
}

TEST_F(WebSettingsTest, NamesTheFileThatIsNoneAndSaysWhatItIs) {
  replace_by_directory("cert.pem");
  replace_by_pipe("key.pem");
  EXPECT_EQ(
      refusal(),
      (folder / "cert.pem") +
          ": this file of the web configuration is a directory, not a regular file\n" +
          (folder / "key.pem") +
          ": this file of the web configuration is a named pipe, not a regular file\n"
  );
  replace_by_directory("web.yml");
  EXPECT_EQ(
      refusal(),
      (folder / "web.yml") + ": the web configuration file is a directory, not a regular file\n"
  );
}

// Every way in which a rotation can go wrong: the last good certificate goes on, and the new one
// is taken once it is there.
TEST_F(WebSettingsTest, SurvivesARotationThatGoesWrong) {
  const auto settings = WebSettings::open(folder / "web.yml");
  ASSERT_TRUE(settings);
  const auto first = (*settings)->tls();
  for (const std::string name : {"cert.pem", "key.pem", "web.yml"}) {
    const std::string kept = (folder / name) + ".kept";
    std::filesystem::rename(folder / name, kept);
    std::filesystem::create_directory(folder / name);
    EXPECT_EQ((*settings)->tls(), first) << name << " as a directory";
    replace_by_pipe(name);
    EXPECT_EQ((*settings)->tls(), first) << name << " as a named pipe";
    std::filesystem::remove(folder / name);
    EXPECT_EQ((*settings)->tls(), first) << name << " is not there";
    std::filesystem::rename(kept, folder / name);
  }
  const auto last = (*settings)->tls();
  EXPECT_NE(last, first) << "the files are read again once they are good";
  EXPECT_EQ((*settings)->tls(), last);
  EXPECT_EQ(log.count("web configuration refused"), 9U) << "once for each that went wrong";
  EXPECT_EQ(log.count("a named pipe, not a regular file"), 3U);
}

class WebAnswers : public ::testing::Test {
 protected:
  std::unique_ptr<WebSettings> open(const std::string& text) {
    auto settings = WebSettings::open(folder.write("web.yml", text));
    EXPECT_TRUE(settings) << to_string(settings.error());
    return settings ? std::move(*settings) : nullptr;
  }

  Response ask(WebSettings& settings, std::map<std::string, std::string> headers = {}) {
    return settings.answer({"GET", "/", "", std::move(headers)}, [this](const Request&) {
      calls += 1;
      return Response{.body = "page", .headers = {{"X-Frame-Options", "own"}, {"X-Own", "1"}}};
    });
  }

  static std::string header_in(const Response& response, const std::string& name) {
    std::string values;
    for (const auto& [each, value] : response.headers) {
      values += each == name ? '[' + value + ']' : "";
    }
    return values;
  }

  int calls = 0;
  testing::CapturedLog log;
  testing::ScratchFolder folder;
  const std::string users =
      "basic_auth_users: {alice: $2y$04$WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS}\n";
  const std::string alice = "Basic YWxpY2U6c2VjcmV0";
};

TEST_F(WebAnswers, EmptyFileChangesNothing) {
  const auto settings = open("");
  EXPECT_FALSE(settings->serves_tls());
  EXPECT_EQ(settings->tls(), nullptr);
  EXPECT_FALSE(settings->must_check(alice));
  EXPECT_EQ(ask(*settings).body, "page");
}

TEST_F(WebAnswers, WithoutARightLoginTheHandlerIsNotCalled) {
  const auto settings = open(users);
  EXPECT_TRUE(settings->must_check(alice));
  EXPECT_EQ(ask(*settings).status, 401);
  EXPECT_EQ(ask(*settings, {{"authorization", "Basic YWxpY2U6d3Jvbmc="}}).status, 401);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(ask(*settings, {{"authorization", alice}}).body, "page");
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(settings->must_check(alice)) << "it has been proven";
}

TEST_F(WebAnswers, LoginCanBeCheckedByItself) {
  const auto settings = open(users);
  EXPECT_EQ(ask(*settings, {{kLoginOnly, "1"}}).status, 401);
  const Response right = ask(*settings, {{"authorization", alice}, {kLoginOnly, "1"}});
  EXPECT_EQ(right.status, 200);
  EXPECT_EQ(right.content(), "");
  EXPECT_EQ(calls, 0);
  EXPECT_FALSE(settings->must_check(alice));
}

TEST_F(WebAnswers, HeadersOfTheFileReplaceThoseOfTheAnswer) {
  const auto settings = open(
      "http_server_config: {headers: {X-Frame-Options: deny, X-Content-Type-Options: nosniff, "
      "Strict-Transport-Security: max-age=1}}\n"
  );
  const Response response = ask(*settings);
  EXPECT_EQ(header_in(response, "X-Frame-Options"), "[deny]");
  EXPECT_EQ(header_in(response, "Strict-Transport-Security"), "[max-age=1]");
  EXPECT_EQ(header_in(response, "X-Own"), "[1]");
  EXPECT_EQ(header_in(response, "X-Content-Type-Options"), "") << "the server sends it anyway";
  Response ours{.status = 400, .body = {}};
  settings->add_headers(ours);
  EXPECT_EQ(header_in(ours, "X-Frame-Options"), "[deny]");
}

TEST_F(WebAnswers, FileThatIsNoneIsRefusedWithItsPlace) {
  for (const char* wrong : {"basic_auth_users: 1\n", "nonsense: 1\n", "- a\n"}) {
    const auto settings = WebSettings::open(folder.write("web.yml", wrong));
    ASSERT_FALSE(settings) << wrong;
    EXPECT_NE(to_string(settings.error()).find(folder / "web.yml"), std::string::npos) << wrong;
  }
  EXPECT_FALSE(WebSettings::open(folder / "absent.yml"));
}

TEST_F(WebAnswers, FileThatVanishesLeavesWhatItSaid) {
  const auto settings = open(users);
  std::filesystem::remove(folder / "web.yml");
  EXPECT_EQ(ask(*settings).status, 401);
  EXPECT_EQ(ask(*settings, {{"authorization", alice}}).status, 200);
  EXPECT_EQ(log.count("web configuration refused"), 1U);
  folder.write("web.yml", "");
  EXPECT_EQ(ask(*settings).status, 200);
  EXPECT_EQ(log.count("web configuration read again"), 1U);
}

}  // namespace
}  // namespace pgrepl::http
