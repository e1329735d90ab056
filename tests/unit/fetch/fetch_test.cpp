#include "fetch/fetch.h"

#include "loopback_server.h"
#include "session/libpq_network.h"
#include "support/run_coroutine.h"
#include "support/scratch_folder.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace pgrepl::fetch {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::Then;

class HttpClientTest : public ::testing::Test {
 protected:
  // The body, or the reason why there is none.
  std::string ask(testing::LoopbackServer& server) {
    server.start();
    url.port = server.port();
    auto task = ask_then_stop(server);
    return testing::run_coroutine(io, std::move(task));
  }

  std::string ask(std::string answer, Then then = Then::Closes) {
    testing::LoopbackServer server{io, std::move(answer), then};
    std::string outcome = ask(server);
    request = server.request();
    return outcome;
  }

  asio::awaitable<std::string> ask_then_stop(testing::LoopbackServer& server) {
    auto answer = co_await client.get(url, access, loop.now() + timeout);
    server.stop();
    co_return answer ? *answer : answer.error();
  }

  loop::SystemClock clock;
  asio::io_context io{1};
  loop::Loop loop{io, clock};
  session::LibpqNetwork network{loop};
  HttpClient client{loop, network, 1'000'000};
  config::Url url{.host = "127.0.0.1", .path = "/cluster"};
  config::RestAccess access;
  std::chrono::milliseconds timeout = 10s;
  std::string request;
  testing::ScratchFolder folder;
};

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(HttpClientTest, AsksAsHttp11WithTheHostAndOneRequestForAConnection) {
  EXPECT_EQ(ask(kOk), "ok");
  EXPECT_THAT(request, StartsWith("GET /cluster HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(request, HasSubstr("\r\nConnection: close\r\n"));
  url.path.clear();
  EXPECT_EQ(ask(kOk), "ok");
  EXPECT_THAT(request, StartsWith("GET / HTTP/1.1\r\n"));
}

TEST_F(HttpClientTest, TakesEveryWayOfEndingAnAnswer) {
  EXPECT_EQ(ask("HTTP/1.0 200 OK\r\n\r\nold"), "old");
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), "ok");
}

TEST_F(HttpClientTest, DoesNotWaitForTheEndOfAConnectionThatStays) {
  timeout = 1h;
  EXPECT_EQ(ask(kOk, Then::Stays), "ok");
  EXPECT_EQ(
      ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Then::Stays),
      "ok"
  );
}

TEST_F(HttpClientTest, TakesAnAnswerInManyPieces) {
  const std::string body(900'000, 'x');
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + body), body);
}

TEST_F(HttpClientTest, SaysWhatIsWrongWithAnAnswer) {
  EXPECT_EQ(ask("HTTP/1.1 503 Service Unavailable\r\n\r\n{}"), "status 503");
  EXPECT_EQ(ask(""), "the connection was closed without an answer");
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"), "the answer is cut off");
  EXPECT_EQ(
      ask("HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n", Then::Stays),
      "the answer is larger than 1000000 bytes"
  );
  EXPECT_EQ(
      ask("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", Then::Resets),
      "the connection broke: Connection reset by peer"
  );
}

TEST_F(HttpClientTest, SaysThatNobodyListens) {
  testing::LoopbackServer server{io, ""};
  url.port = server.port();
  server.stop();
  auto task = client.get(url, access, loop.now() + timeout);
  const auto answer =
      testing::run_coroutine<Expected<std::string, std::string>>(io, std::move(task));
  EXPECT_EQ(answer.error(), "cannot connect: Connection refused");
}

TEST_F(HttpClientTest, EndsAtTheDeadlineWhereverTheServerStops) {
  timeout = 20ms;
  EXPECT_EQ(ask("", Then::Stays), "no answer in time");
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nContent-Le", Then::Stays), "no answer in time");
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\n\r\nunfinished", Then::Stays), "no answer in time");
}

TEST_F(HttpClientTest, LogsInByThePasswordThatTheFileHoldsNow) {
  access.user = "u";
  access.password_file = folder.write("password", "secret\n");
  (void)ask(kOk);
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Basic dTpzZWNyZXQ=\r\n"));
  folder.write("password", "next");
  (void)ask(kOk);
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Basic dTpuZXh0\r\n"));
}

TEST_F(HttpClientTest, SurvivesADirectoryOrAPipeInThePlaceOfAFile) {
  const std::string directory = folder / "directory";
  const std::string pipe = folder / "pipe";
  std::filesystem::create_directory(directory);
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  access.user = "u";
  access.password_file = directory;
  EXPECT_EQ(ask(kOk), "the password file " + directory + " is a directory, not a regular file");
  access.password_file = pipe;
  EXPECT_EQ(ask(kOk), "the password file " + pipe + " is a named pipe, not a regular file");
  EXPECT_EQ(request, "") << "nothing is sent without the password";
}

class HttpsClientTest : public HttpClientTest {
 protected:
  std::string ask_over_tls() {
    testing::LoopbackServer server{io, kOk};
    server.use(certificate);
    url.tls = true;
    return ask(server);
  }

  testing::Certificate certificate = testing::make_certificate("127.0.0.1");
};

TEST_F(HttpsClientTest, TrustsTheCertificateThatItIsGiven) {
  access.ca_file = folder.write("ca.pem", certificate.certificate);
  EXPECT_EQ(ask_over_tls(), "ok");
}

TEST_F(HttpsClientTest, TrustsNoOtherCertificateAndNoOtherName) {
  EXPECT_THAT(ask_over_tls(), StartsWith("TLS: "));
  access.ca_file = folder.write("ca.pem", testing::make_certificate("127.0.0.1").certificate);
  EXPECT_EQ(ask_over_tls(), "TLS: certificate verify failed (SSL routines)");
  certificate = testing::make_certificate("127.0.0.2");
  access.ca_file = folder.write("ca.pem", certificate.certificate);
  EXPECT_EQ(ask_over_tls(), "TLS: certificate verify failed (SSL routines)");
  access.checks_server = false;
  EXPECT_EQ(ask_over_tls(), "ok");
}

TEST_F(HttpsClientTest, NamesTheFileThatDoesNotDo) {
  const std::string ca = folder.write("ca.pem", "no certificate");
  access.ca_file = ca;
  EXPECT_EQ(ask_over_tls(), "TLS: " + ca + " holds no certificate in PEM");
  std::filesystem::remove(ca);
  EXPECT_EQ(ask_over_tls(), "TLS: " + ca + " does not exist");
  ASSERT_EQ(::mkfifo(ca.c_str(), 0600), 0);
  EXPECT_EQ(ask_over_tls(), "TLS: " + ca + " is a named pipe, not a regular file");
  access.ca_file.clear();
  access.cert_file = folder.write("cert.pem", certificate.certificate);
  access.key_file = folder.write("key.pem", testing::make_certificate("other").key);
  EXPECT_EQ(
      ask_over_tls(),
      "TLS: " + access.key_file +
          " is not the key of the certificate, in PEM and without a passphrase"
  );
  std::filesystem::create_directory(folder / "directory");
  access.cert_file = folder / "directory";
  EXPECT_EQ(ask_over_tls(), "TLS: " + access.cert_file + " is a directory, not a regular file");
}

}  // namespace
}  // namespace pgrepl::fetch
