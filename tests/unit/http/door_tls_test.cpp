// TLS at the door: which certificate, which clients, which versions, and what is no TLS.
#include "unit/http/door_fixture.h"

#include <gmock/gmock.h>

namespace pgrepl::http {
namespace {

using namespace std::chrono_literals;
using testing::DoorClient;
using ::testing::HasSubstr;
using testing::Way;

class TlsDoor : public ::testing::Test {
 protected:
  // The web file with more keys in its section of TLS.
  static std::string web(const std::string& more = {}) {
    return "tls_server_config: {cert_file: cert.pem, key_file: key.pem" + more + "}\n";
  }

  // What can be opened already.
  void start(const std::string& more) {
    door.use(testing::make_certificate("first"));
    auto settings = WebSettings::open(door.folder.write("web.yml", web(more)));
    ASSERT_TRUE(settings) << to_string(settings.error());
    const auto handler = [this](const Request& request) { return door.answer(request); };
    auto started = Server::start(
        {"127.0.0.1:0"}, handler, std::move(*settings), door.limits, door.refusals.family
    );
    ASSERT_TRUE(started) << started.error();
    door.server = std::move(*started);
    door.port = door.server->ports().front();
  }

  Door door{Way::Tls};
};

TEST_F(TlsDoor, ShowsTheCertificateThatTheFilesHoldNow) {
  door.start();
  DoorClient before = door.enter();
  EXPECT_EQ(before.certificate_name(), "first");
  EXPECT_EQ(before.get("/a").status, 200);
  door.use(testing::make_certificate("second"));
  EXPECT_EQ(door.enter().certificate_name(), "second");
  EXPECT_EQ(before.get("/a").status, 200) << "what was open goes on";
  door.folder.write("key.pem", "no key");
  EXPECT_EQ(door.enter().certificate_name(), "second") << "the last good one";
  EXPECT_EQ(door.enter().get("/a").status, 200);
  EXPECT_EQ(door.log.count("web configuration refused"), 1U);
  door.use(testing::make_certificate("third"));
  EXPECT_EQ(door.enter().certificate_name(), "third");
}

TEST_F(TlsDoor, CannotBecomeAPlainOneWithoutARestart) {
  door.start();
  door.folder.write("web.yml", "http_server_config: {headers: {X-Frame-Options: deny}}\n");
  DoorClient client = door.enter();
  ASSERT_TRUE(client.is_open());
  EXPECT_EQ(client.get("/a").header("x-frame-options"), "") << "the file as a whole is refused";
  EXPECT_TRUE(door.log.contains("turning TLS on or off needs a restart"));
}

TEST_F(TlsDoor, HangsUpOnWhatIsNoTls) {
  door.start();
  for (const std::string bytes :
       {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "SSH-2.0-x\r\n", "\r\n\r\n\r\n\r\n\r\n"}) {
    DoorClient client{Way::V4, door.port};
    client.send(bytes);
    EXPECT_THAT(client.read_to_end(), ::testing::Not(HasSubstr("HTTP")));
    EXPECT_TRUE(client.has_ended());
  }
  door.await_refusal(Refusal::Handshake, 3);
  EXPECT_EQ(door.refused(Refusal::Deadline), 0U);
  EXPECT_EQ(door.requests, 0);
}

TEST_F(TlsDoor, CountsAClientThatLeavesAmidHandshake) {
  door.start();
  { const DoorClient leaves{Way::V4, door.port}; }
  door.await_refusal(Refusal::Handshake);
  EXPECT_EQ(door.enter().get("/a").status, 200);
}

TEST_F(TlsDoor, SpeaksTheVersionsThatTheFileAllows) {
  start(", min_version: TLS13");
  EXPECT_EQ(door.enter().tls_version(), "TLSv1.3");
  door.stop();
  start(", max_version: TLS12");
  DoorClient older = door.enter();
  EXPECT_EQ(older.tls_version(), "TLSv1.2");
  EXPECT_EQ(older.get("/a").status, 200);
}

TEST_F(TlsDoor, LetsInClientsWithACertificateWhereOneIsRequired) {
  door.folder.write("ca.pem", testing::make_certificate("client").certificate);
  start(", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem");
  DoorClient client = door.enter();
  EXPECT_EQ(client.get("/a").status, 0) << "a client without one";
  door.await_refusal(Refusal::Handshake);
  EXPECT_EQ(door.requests, 0);
}

// The same kind of connection in the clear on one side of the door only.
TEST_F(TlsDoor, PlainDoorAnswersAHandshakeAsWhatIsNoHttp) {
  Door plain;
  plain.start();
  DoorClient client{Way::V4, plain.port};
  client.send("\x16\x03\x01\x02\x01\x01\r\n\r\n");
  client.finish();
  EXPECT_EQ(client.read_answer().status, 400);
  EXPECT_EQ(plain.refused(Refusal::Malformed), 1U);
}

}  // namespace
}  // namespace pgrepl::http
