#include "http/web_settings.h"

#include "support/captured_log.h"
#include "support/certificate.h"
#include "support/scratch_folder.h"

#include <filesystem>

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

}  // namespace
}  // namespace pgrepl::http
