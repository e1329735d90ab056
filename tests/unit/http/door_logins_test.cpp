// Logins at the door, and who may keep whom waiting.
#include "unit/http/door_fixture.h"

#include <gmock/gmock.h>

namespace pgrepl::http {
namespace {

using namespace std::chrono_literals;
using testing::await;
using testing::DoorAnswer;
using testing::DoorClient;
using ::testing::HasSubstr;
using testing::Way;

// Of "secret", at the lowest cost there is.
constexpr const char* kUsers =
    "basic_auth_users:\n"
    "  alice: $2y$04$WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS\n"
    "  bob: $2y$04$WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS\n";
constexpr const char* kAlice = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";
constexpr const char* kBob = "Authorization: Basic Ym9iOnNlY3JldA==\r\n";
constexpr const char* kWrong = "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n";

class Logins : public DoorTest {};

INSTANTIATE_TEST_SUITE_P(Door, Logins, ::testing::Values(Way::V4, Way::V6, Way::Tls), name_of_way);

TEST_P(Logins, AreNeededOnEveryRequest) {
  door.start(kUsers);
  DoorClient client = door.enter();
  const DoorAnswer without = client.get("/a");
  EXPECT_EQ(without.status, 401);
  EXPECT_EQ(without.body, "Unauthorized\n");
  EXPECT_EQ(without.header("www-authenticate"), "Basic realm=\"pg_replication_exporter\"");
  EXPECT_THAT(client.get("/a", kAlice).body, HasSubstr("GET /a?"));
  EXPECT_EQ(client.get("/a").status, 401) << "a login is not of the connection";
  EXPECT_EQ(client.get("/a", kWrong).status, 401);
  EXPECT_EQ(client.get("/a", "Authorization: Bearer x\r\n").status, 401);
  EXPECT_EQ(client.get("/a", "Authorization:\r\n").status, 401);
  EXPECT_THAT(client.get("/a", kBob).body, HasSubstr("GET /a?"));
  EXPECT_EQ(door.requests, 2) << "the handler sees who is admitted, once for each request";
}

TEST_P(Logins, ThatAreWrongAreCountedAndMissingOnesAreNot) {
  door.start(kUsers);
  DoorClient client = door.enter();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.get("/a", kWrong).status, 401);
  }
  EXPECT_EQ(client.get("/a").status, 401);
  EXPECT_EQ(door.refused(Refusal::Password), 3U);
  EXPECT_EQ(client.get("/a", "Authorization: Digest x\r\n").status, 401);
  EXPECT_EQ(door.refused(Refusal::Password), 4U) << "what is no login of ours was sent as one";
}

TEST_P(Logins, BeyondTheLimitAreToldToWait) {
  door.limits.logins_of_address = 0;
  door.start(kUsers);
  DoorClient client = door.enter();
  const DoorAnswer busy = client.get("/a", kAlice);
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(busy.header("retry-after"), "1");
  EXPECT_EQ(busy.header("connection"), "keep-alive");
  EXPECT_EQ(door.refused(Refusal::Logins), 1U);
  EXPECT_EQ(client.get("/a").status, 401) << "who sends none is not counted";
  EXPECT_EQ(door.requests, 0);
}

// What takes long is the request, not the login before it.
TEST_P(Logins, AreCheckedWhileWhatAnotherAskedForTakesLong) {
  door.start(kUsers);
  DoorClient alice = door.enter();
  alice.send(std::string{"GET /wait HTTP/1.1\r\nHost: h\r\n"} + kAlice + "\r\n");
  door.await_entered(1);
  EXPECT_THAT(door.enter().get("/a", kBob).body, HasSubstr("GET /a?"));
  EXPECT_EQ(door.enter().get("/a", kWrong).status, 401);
  door.gate.open();
  EXPECT_THAT(alice.read_answer().body, HasSubstr("GET /wait?"));
}

TEST_P(Logins, OfAFloodDoNotKeepAProvenOneWaiting) {
  door.start(kUsers);
  DoorClient scraper = door.enter();
  EXPECT_EQ(scraper.get("/metrics", kAlice).status, 200);
  std::vector<DoorClient> flood;
  for (int i = 0; i < 40; ++i) {
    flood.push_back(door.enter());
    flood.back().send(std::string{"GET /a HTTP/1.1\r\nHost: h\r\n"} + kWrong + "\r\n");
  }
  EXPECT_EQ(scraper.get("/metrics", kAlice).status, 200);
  std::uint64_t wrong = 0;
  std::uint64_t too_many = 0;
  for (DoorClient& client : flood) {
    const int status = client.read_answer().status;
    wrong += status == 401 ? 1U : 0U;
    too_many += status == 429 ? 1U : 0U;
  }
  EXPECT_EQ(wrong + too_many, 40U);
  EXPECT_EQ(door.refused(Refusal::Password), wrong);
  EXPECT_EQ(door.refused(Refusal::Logins), too_many);
}

TEST_P(Logins, AreThoseThatTheFileHasNow) {
  const std::string tls =
      door.way == Way::Tls ? "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n" : "";
  door.start(kUsers);
  DoorClient client = door.enter();
  EXPECT_EQ(client.get("/a", kBob).status, 200);
  door.folder.write(
      "web.yml",
      tls +
          "basic_auth_users:\n"
          "  alice: $2y$04$WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS\n"
  );
  EXPECT_EQ(client.get("/a", kBob).status, 401) << "though he was admitted before";
  EXPECT_EQ(client.get("/a", kAlice).status, 200);
  door.folder.write("web.yml", tls + "basic_auth_users: [\n");
  EXPECT_EQ(client.get("/a", kAlice).status, 200) << "the last good file goes on";
  EXPECT_EQ(client.get("/a").status, 401);
  EXPECT_EQ(door.log.count("web configuration refused"), 1U) << "and that is said once";
  door.folder.write("web.yml", tls + "http_server_config: {headers: {X-Frame-Options: deny}}\n");
  const DoorAnswer open = client.get("/a");
  EXPECT_EQ(open.status, 200);
  EXPECT_EQ(open.header("x-frame-options"), "deny");
  EXPECT_EQ(client.ask("BREW / HTTP/1.1\r\n\r\n").header("x-frame-options"), "deny")
      << "answers of the front's own have them too";
}

class Lanes : public ::testing::Test {
 protected:
  // Asks on a connection of its own, which is kept.
  void ask(const std::string& target, const std::string& source = "127.0.0.1") {
    clients.push_back(door.enter_from(source));
    clients.back().send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }

  [[nodiscard]] int answered() {
    int count = 0;
    for (DoorClient& client : clients) {
      count += client.read_answer().status == 200 ? 1 : 0;
    }
    return count;
  }

  Door door;
  std::vector<DoorClient> clients;
};

TEST_F(Lanes, OfHealthChecksAreFreeWhateverElseIsAsked) {
  door.start();
  for (int i = 0; i < 60; ++i) {
    ask("/wait/other");
    ask("/probe?wait");
  }
  door.await_entered(17);
  EXPECT_EQ(door.enter().get("/-/healthy").status, 200);
  EXPECT_EQ(door.enter().get("/-/ready?x").status, 200);
  EXPECT_EQ(door.gate.entered("/wait/other"), 9);
  EXPECT_EQ(door.gate.entered("/probe"), 8);
  door.gate.open();
  EXPECT_EQ(answered(), 120);
}

// However its path is spelt, a probe is a probe: dead servers keep probes waiting, not scrapes.
TEST_F(Lanes, OfProbesTakeEverySpellingOfTheirPath) {
  door.start();
  const std::vector<std::string> spellings{
      "/probe?wait",
      "/%70robe?wait",
      "//probe?wait",
      "/./probe?wait",
      "/a/../probe?wait",
      "/%2e/probe?wait",
      "/%5cprobe?wait",
      "/-/healthy/../../probe?wait",
      "http://h/probe?wait"};
  for (int round = 0; round < 3; ++round) {
    for (const std::string& spelling : spellings) {
      ask(spelling);
    }
  }
  door.await_entered(8);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(door.enter().get("/metrics").status, 200);
  }
  EXPECT_EQ(door.gate.entered("/probe"), 8);
  EXPECT_EQ(door.gate.entered(), 8) << "each of them is that path for the handler";
  door.gate.open();
  EXPECT_EQ(answered(), static_cast<int>(3 * spellings.size()));
}

TEST_F(Lanes, AreSharedOutAmongAddresses) {
  door.start();
  for (int i = 0; i < 9; ++i) {
    ask("/wait/busy", "127.0.0.2");
  }
  door.await_entered(9);
  for (int i = 0; i < 20; ++i) {
    ask("/wait/more", "127.0.0.2");
  }
  // All of them are waiting before the other comes.
  EXPECT_EQ(door.enter().get("/-/healthy").status, 200);
  ask("/wait/mine", "127.0.0.3");
  EXPECT_EQ(door.enter().get("/-/healthy").status, 200);
  door.gate.let_go(2);
  await("the other address has its turn", [&] { return door.gate.entered("/wait/mine") == 1; });
  EXPECT_LE(door.gate.entered("/wait/more"), 2);
  door.gate.open();
  EXPECT_EQ(answered(), 30);
}

TEST_F(Lanes, OutliveAHandlerThatThrows) {
  door.start();
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(door.enter().get("/throw").status, 500);
  }
  for (int i = 0; i < 9; ++i) {
    ask("/wait");
  }
  door.await_entered(9);
  door.gate.open();
  EXPECT_EQ(answered(), 9);
}

}  // namespace
}  // namespace pgrepl::http
