// Where the HTTP client goes, what it says there, and what ends it.
#include "fetch/fetch.h"
#include "loop/finish_by.h"
#include "loopback_server.h"
#include "support/run_coroutine.h"
#include "support/scratch_folder.h"

#include <functional>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace pgrepl::fetch {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::Then;
using Text = Expected<std::string, std::string>;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Resolves every name to what the test says; without it, never.
class FixedNetwork : public session::Network {
 public:
  explicit FixedNetwork(loop::Loop loop) : loop_(loop) {}

  [[nodiscard]] std::unique_ptr<session::Session> make_session(
      pg::ConnInfo, session::SessionOptions
  ) override {
    return nullptr;
  }

  [[nodiscard]] std::unique_ptr<session::SimpleSession> make_simple_session() override {
    return nullptr;
  }

  asio::awaitable<session::Addresses> resolve(std::string host, session::Deadline deadline)
      override {
    asked.push_back(host);
    if (!addresses) {
      loop::Alarm alarm{loop_};
      co_await alarm.wait_until(deadline);
      co_return Unexpected<std::string>{"the resolver does not answer"};
    }
    co_return *addresses;
  }

  std::optional<session::Addresses> addresses{std::vector<std::string>{"127.0.0.1"}};
  std::vector<std::string> asked;

 private:
  loop::Loop loop_;
};

class Ways : public ::testing::Test {
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
  FixedNetwork network{loop};
  HttpClient client{loop, network, 100};
  config::Url url{.host = "patroni.example", .path = "/cluster"};
  config::RestAccess access;
  std::chrono::milliseconds timeout = 10s;
  std::string request;
  testing::ScratchFolder folder;
};

TEST_F(Ways, LeadToTheFirstAddressThatAccepts) {
  network.addresses = std::vector<std::string>{"127.0.0.2", "no address", "127.0.0.1"};
  EXPECT_EQ(ask(kOk), "ok") << "nobody listens at the first";
  EXPECT_THAT(network.asked, ElementsAre("patroni.example"));
  EXPECT_THAT(request, HasSubstr("\r\nHost: patroni.example:"));
}

TEST_F(Ways, EndWhereNoAddressIs) {
  network.addresses = std::vector<std::string>{};
  EXPECT_THAT(ask(kOk), StartsWith("cannot connect: "));
  network.addresses = std::vector<std::string>{"no address"};
  EXPECT_THAT(ask(kOk), StartsWith("cannot connect: "));
  network.addresses = session::Addresses{Unexpected<std::string>{"Name or service not known"}};
  EXPECT_EQ(ask(kOk), "Name or service not known");
  EXPECT_EQ(request, "");
}

TEST_F(Ways, EndAtTheDeadlineWhereverTheyHang) {
  timeout = 20ms;
  network.addresses.reset();
  EXPECT_EQ(ask(kOk), "the resolver does not answer");
  network.addresses = std::vector<std::string>{"127.0.0.1"};
  EXPECT_EQ(ask("", Then::Stays), "no answer in time");
  EXPECT_EQ(ask("HTTP/1.1 100 Continue\r\n\r\n", Then::Stays), "no answer in time");
  EXPECT_EQ(
      ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", Then::Stays),
      "no answer in time"
  );
  url.tls = true;
  EXPECT_EQ(ask("", Then::Stays), "no answer in time") << "hands are not shaken";
}

TEST_F(Ways, EndWhenTheAskerIsStopped) {
  testing::LoopbackServer server{io, "", Then::Stays};
  server.start();
  url.port = server.port();
  loop::Alarm stop{loop};
  std::optional<std::optional<Text>> outcome;
  auto work = client.get(url, access, loop.now() + 1h);
  auto bounded = loop::result_by(stop, std::move(work), loop::Instant::max());
  auto kept = testing::keep_result_of(std::move(bounded), outcome);
  asio::co_spawn(io, std::move(kept), [&server](const std::exception_ptr&) { server.stop(); });
  while (server.request().empty()) {
    io.run_one();
  }
  stop.cancel();
  io.run();
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(*outcome) << "there is no answer, and nothing runs any more";
}

TEST_F(Ways, LeadToNoOtherPlace) {
  for (const std::string status : {"301", "302", "303", "307", "308"}) {
    EXPECT_EQ(
        ask("HTTP/1.1 " + status +
            " Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
        "status " + status
    );
  }
  EXPECT_EQ(ask("HTTP/1.1 204 No Content\r\n\r\n"), "status 204") << "only 200 has what we ask for";
  EXPECT_EQ(ask("HTTP/1.1 206 Part\r\nContent-Length: 2\r\n\r\nok"), "status 206");
  EXPECT_EQ(ask("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), "status 401");
}

TEST_F(Ways, TakeWhatServersMaySend) {
  EXPECT_EQ(ask("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + kOk), "ok");
  EXPECT_EQ(
      ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1;x=\"y\"\r\no\r\n1\r\nk\r\n"
          "0\r\nX-Trailer: y\r\n\r\n"),
      "ok"
  );
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\n\r\n"), "");
  EXPECT_EQ(ask(kOk + "and more"), "ok");
}

TEST_F(Ways, AreBoundedHoweverAnAnswerIsSent) {
  const std::string most(100, 'x');
  const std::string too_large = "the answer is larger than 100 bytes";
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\n\r\n" + most), most);
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\n\r\n" + most + 'x', Then::Stays), too_large);
  EXPECT_EQ(
      ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", Then::Stays), too_large
  );
  EXPECT_EQ(
      ask("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), Then::Stays),
      "the head of the answer is too long"
  );
  EXPECT_EQ(ask("HTTP/1.1 500 No\r\nContent-Length: 101\r\n\r\n", Then::Stays), too_large)
      << "whatever its status";
}

TEST_F(Ways, SayWhatIsNoHttp) {
  EXPECT_EQ(ask("SSH-2.0-OpenSSH_9.2\r\n", Then::Stays), "the answer is not HTTP");
  EXPECT_EQ(ask("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), "the answer is not HTTP");
  EXPECT_EQ(
      ask("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"),
      "the answer gives its length in two ways"
  );
}

TEST_F(Ways, NameAnAddressOfIpv6InBrackets) {
  url.host = "fd00::1";
  EXPECT_EQ(ask(kOk), "ok");
  EXPECT_THAT(request, HasSubstr("\r\nHost: [fd00::1]:"));
}

TEST_F(Ways, SendNoLoginUnlessThereIsAUser) {
  access.password = pg::Secret{"secret"};
  EXPECT_EQ(ask(kOk), "ok");
  EXPECT_THAT(request, Not(HasSubstr("Authorization")));
  access.user = "u";
  EXPECT_EQ(ask(kOk), "ok");
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Basic dTpzZWNyZXQ=\r\n"));
  access.password.reset();
  EXPECT_EQ(ask(kOk), "ok");
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Basic dTo=\r\n"));
}

TEST_F(Ways, ShowNoPasswordInAnyError) {
  access.user = "u";
  access.password = pg::Secret{"marker"};
  for (const std::string answer :
       {"",
        "nonsense\r\n\r\n",
        "HTTP/1.1 401 marker\r\nContent-Length: 6\r\n\r\nmarker",
        "HTTP/1.1 200 OK\r\nmarker\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: marker\r\n\r\n"}) {
    EXPECT_THAT(ask(answer), AllOf(Not(HasSubstr("marker")), Not(HasSubstr("bWFya2Vy"))));
  }
}

// A server whose TLS the test arranges.
class TlsWays : public Ways {
 protected:
  TlsWays() {
    url.tls = true;
    certificate = testing::make_certificate("patroni.example");
    access.ca_file = folder.write("ca.pem", certificate.certificate);
  }

  std::string ask_over_tls(const std::function<void(asio::ssl::context&)>& arrange = {}) {
    testing::LoopbackServer server{io, kOk};
    server.use(certificate);
    if (arrange) {
      arrange(server.tls());
    }
    return ask(server);
  }

  testing::Certificate certificate;
};

TEST_F(TlsWays, AreForTheNameThatWasAskedFor) {
  EXPECT_EQ(ask_over_tls(), "ok");
  url.host = "other.example";
  EXPECT_EQ(ask_over_tls(), "TLS: certificate verify failed (SSL routines)");
  url.host = "127.0.0.1";
  EXPECT_EQ(ask_over_tls(), "TLS: certificate verify failed (SSL routines)");
  url.host = "example";
  EXPECT_EQ(ask_over_tls(), "TLS: certificate verify failed (SSL routines)");
}

int note_name(SSL* connection, int*, void* seen) {
  const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  *static_cast<std::string*>(seen) = name == nullptr ? "none" : name;
  return SSL_TLSEXT_ERR_OK;
}

TEST_F(TlsWays, TellTheServerItsNameAndNoAddress) {
  std::string seen = "nobody came";
  const auto listen_for_name = [&seen](asio::ssl::context& tls) {
    // SSL_CTX_set_tlsext_servername_callback() without its old-style casts.
    SSL_CTX_callback_ctrl(
        tls.native_handle(),
        SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
        reinterpret_cast<void (*)()>(&note_name)
    );
    SSL_CTX_ctrl(tls.native_handle(), SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, &seen);
  };
  EXPECT_EQ(ask_over_tls(listen_for_name), "ok");
  EXPECT_EQ(seen, "patroni.example");
  certificate = testing::make_certificate("127.0.0.1");
  access.ca_file = folder.write("ca.pem", certificate.certificate);
  url.host = "127.0.0.1";
  EXPECT_EQ(ask_over_tls(listen_for_name), "ok");
  EXPECT_EQ(seen, "none");
}

TEST_F(TlsWays, ShowTheirOwnCertificateWhereOneIsAskedFor) {
  const testing::Certificate own = testing::make_certificate("exporter");
  const auto ask_for_it = [&own](asio::ssl::context& tls) {
    tls.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    tls.add_certificate_authority(asio::buffer(own.certificate));
  };
  EXPECT_THAT(ask_over_tls(ask_for_it), StartsWith("TLS: "));
  access.cert_file = folder.write("own.pem", own.certificate);
  access.key_file = folder.write("own.key", own.key);
  EXPECT_EQ(ask_over_tls(ask_for_it), "ok");
  const testing::Certificate stranger = testing::make_certificate("stranger");
  folder.write("own.pem", stranger.certificate);
  folder.write("own.key", stranger.key);
  EXPECT_THAT(ask_over_tls(ask_for_it), StartsWith("TLS: ")) << "the files are read anew";
}

TEST_F(TlsWays, DoNotGoOnWithoutTls) {
  access.user = "u";
  access.password = pg::Secret{"secret"};
  timeout = 20ms;
  EXPECT_EQ(ask(kOk), "no answer in time") << "a server that waits for a request in the clear";
  EXPECT_THAT(request, Not(HasSubstr("Authorization")));
  timeout = 10s;
  url.tls = false;
  testing::LoopbackServer server{io, kOk};
  server.use(certificate);
  EXPECT_NE(ask(server), "ok") << "and one that wants TLS and gets none";
}

TEST_F(TlsWays, TakeAnAnswerThatEndsWithItsLengthWhateverComesAfter) {
  testing::LoopbackServer server{io, kOk, Then::Resets};
  server.use(certificate);
  EXPECT_EQ(ask(server), "ok");
  testing::LoopbackServer cut{io, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"};
  cut.use(certificate);
  EXPECT_EQ(ask(cut), "the answer is cut off") << "without a farewell of TLS";
}

}  // namespace
}  // namespace pgrepl::fetch
