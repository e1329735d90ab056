// Attacks on the door, each with one scraper beside it that must not notice. No database is needed.
// Short by default; scripts/siege sets SIEGE_SECONDS, and SIEGE_TABLE for a file of results.
#include "siege_client.h"
#include "support/exporter.h"
#include "support/pg_installation.h"
#include "support/reserved_port.h"
#include "support/wait_until.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// No request of the scraper may be slower.
constexpr Seconds kLimit = 500ms;
constexpr const char* kAlice = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";
constexpr const char* kUsers =
    "basic_auth_users:\n"
    "  alice: $2y$10$WUDfWUDfWUDfWUDfWUDfWOVAe5NOofe.dfUh3AFLm1.LBsOwh5ROy\n";

Seconds duration() {
  const char* text = std::getenv("SIEGE_SECONDS");
  return Seconds{text == nullptr ? 3 : std::atoi(text)};
}

std::string name_of(Entrance entrance) {
  return entrance == Entrance::V4 ? "IPv4" : entrance == Entrance::V6 ? "IPv6" : "TLS";
}

// What is repeated until the siege is over, each on a thread of its own.
class Attacks {
 public:
  Attacks() = default;

  ~Attacks() {
    over_ = true;
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  Attacks(const Attacks&) = delete;
  Attacks& operator=(const Attacks&) = delete;

  void add(std::function<void()> step) {
    threads_.emplace_back([this, step = std::move(step)] {
      while (!over_) {
        step();
        std::this_thread::sleep_for(20ms);
      }
    });
  }

 private:
  std::atomic<bool> over_ = false;
  std::vector<std::thread> threads_;
};

// Connections that are made again when they are hung up on.
class Crowd {
 public:
  Crowd(Door door, std::size_t size, bool silent) : door_(door), silent_(silent), size_(size) {}

  // `greet` speaks first, `drip` each time.
  void step(std::string_view greeting, std::string_view drip) {
    for (SiegeClient& client : clients_) {
      if (client.was_hung_up()) {
        client = enter(greeting);
      } else if (!drip.empty()) {
        (void)client.send(drip);
      }
    }
    while (clients_.size() < size_) {
      clients_.push_back(enter(greeting));
    }
  }

  [[nodiscard]] std::size_t size() const { return clients_.size(); }

 private:
  [[nodiscard]] SiegeClient enter(std::string_view greeting) const {
    SiegeClient client{door_, silent_};
    if (!greeting.empty()) {
      (void)client.send(greeting);
    }
    return client;
  }

  Door door_;
  bool silent_;
  std::size_t size_;
  std::vector<SiegeClient> clients_;
};

// An exporter without servers that answer, and its door.
class Besieged {
 public:
  explicit Besieged(Entrance entrance, const std::string& web_file = {}) : entrance_(entrance) {
    std::string text = web_file;
    if (entrance == Entrance::Tls) {
      make_certificate();
      text += "tls_server_config: { cert_file: server.crt, key_file: server.key }\n";
    }
    std::ofstream{path("web.yml")} << text;
    std::ofstream{path("exporter.yml")} << configuration();
    std::vector<std::string> arguments{
        "--config.file=" + path("exporter.yml"),
        "--web.listen-address=[::1]:" + std::to_string(v6_.number())};
    if (!text.empty()) {
      arguments.push_back("--web.config.file=" + path("web.yml"));
    }
    exporter_.emplace(ExporterOptions{
        .environment = {}, .arguments = std::move(arguments), .wait_until_ready = false});
    await("the door is open", [this] {
      const Asked asked = ask(door(), "/-/ready", kAlice);
      return asked.status == 200;
    });
  }

  [[nodiscard]] Door door() const {
    const bool six = entrance_ == Entrance::V6;
    return {.entrance = entrance_, .port = six ? v6_.number() : exporter_->port()};
  }

  [[nodiscard]] Exporter& exporter() { return *exporter_; }

  // Where connections are taken and nothing is answered.
  [[nodiscard]] std::uint16_t hung_port() const { return hung_.number(); }

  [[nodiscard]] std::size_t threads() const {
    const std::filesystem::path tasks = "/proc/" + std::to_string(exporter_->pid()) + "/task";
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{tasks}, {}));
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path() / name; }

  void make_certificate() const {
    run(
        {.arguments =
             {"/usr/bin/openssl",
              "req",
              "-x509",
              "-newkey",
              "ec",
              "-pkeyopt",
              "ec_paramgen_curve:P-256",
              "-nodes",
              "-days",
              "2",
              "-subj",
              "/CN=siege",
              "-keyout",
              path("server.key"),
              "-out",
              path("server.crt")},
         .environment = {"PATH=/usr/bin:/bin"}}
    );
  }

  // Many servers that refuse, so that the page is long.
  [[nodiscard]] std::string configuration() const {
    std::string text =
        "defaults: { user: monitor }\n"
        "sampling: { timeout: 3s }\n"
        "probe: { allowed_targets: ['127.0.0.*:*'] }\n"
        "clusters:\n  - name: main\n    servers:\n";
    for (int i = 0; i < 60; ++i) {
      text += "      - { name: s" + std::to_string(i) +
              ", host: 127.0.0.1, port: " + std::to_string(refusing_.number()) + ", dbname: d" +
              std::to_string(i) + " }\n";
    }
    return text;
  }

  Entrance entrance_;
  TemporaryDirectory folder_;
  ReservedPort v6_;
  ReservedPort refusing_;
  ReservedPort hung_;
  Socket listener_ = listen_on(hung_.number(), "0.0.0.0");
  std::optional<Exporter> exporter_;
};

struct Outcome {
  Seconds slowest{0};
  std::size_t requests = 0;
  std::size_t failed = 0;
};

// Asks for these paths in turn for as long as the siege takes.
Outcome scrape(const Door& door, const std::vector<std::string>& paths) {
  Outcome outcome;
  const auto end = Clock::now() + duration();
  while (Clock::now() < end) {
    for (const std::string& path : paths) {
      const Asked asked = ask(door, path, kAlice);
      outcome.slowest = std::max(outcome.slowest, asked.took);
      outcome.requests += 1;
      outcome.failed += asked.status == 200 ? 0U : 1U;
      std::this_thread::sleep_for(20ms);
    }
  }
  return outcome;
}

// A machine that is busy with other things slows everybody down now and then; who is locked out
// stays so. scripts/siege looks once.
int attempts() {
  const char* text = std::getenv("SIEGE_ATTEMPTS");
  return text == nullptr ? 3 : std::atoi(text);
}

void judge(const std::string& attack, Besieged& besieged, const std::vector<std::string>& paths) {
  Outcome outcome;
  for (int i = 0; i < attempts(); ++i) {
    outcome = scrape(besieged.door(), paths);
    if (outcome.failed == 0 && outcome.slowest < kLimit) {
      break;
    }
  }
  EXPECT_EQ(outcome.failed, 0U) << attack;
  EXPECT_GT(outcome.requests, 10U) << attack;
  EXPECT_LT(outcome.slowest, kLimit) << attack;
  EXPECT_LT(besieged.threads(), 40U);
  EXPECT_TRUE(besieged.exporter().running()) << besieged.exporter().output();
  if (const char* table = std::getenv("SIEGE_TABLE")) {
    std::ostringstream row;
    row.precision(0);
    row << std::fixed << "| " << attack << " | " << name_of(besieged.door().entrance) << " | "
        << outcome.slowest.count() * 1000 << " ms | " << outcome.requests << " | "
        << besieged.threads() << " | " << besieged.exporter().resident_bytes() / 1048576
        << " MiB |\n";
    std::ofstream{table, std::ios::app} << row.str();
  }
}

// How often the exporter has refused for one of these reasons.
double refused(const Door& door, const std::vector<std::string>& reasons) {
  SiegeClient client{door};
  (void)client.send(
      std::string{"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"} + kAlice + "\r\n"
  );
  std::string page;
  for (std::string more = client.receive(); !more.empty(); more = client.receive()) {
    page += more;
  }
  double sum = 0;
  for (const std::string& reason : reasons) {
    const std::string series = "pg_exporter_http_refused_total{reason=\"" + reason + "\"} ";
    const std::size_t at = page.find(series);
    EXPECT_NE(at, std::string::npos) << page.substr(0, 500);
    sum += at == std::string::npos ? 0 : std::atof(page.c_str() + at + series.size());
  }
  return sum;
}

class Siege : public ::testing::TestWithParam<Entrance> {
 protected:
  Besieged besieged_{GetParam()};
  Door door_ = besieged_.door();
};

INSTANTIATE_TEST_SUITE_P(
    Door,
    Siege,
    ::testing::Values(Entrance::V4, Entrance::V6, Entrance::Tls),
    [](const auto& each) { return name_of(each.param); }
);

TEST_P(Siege, KeepAliveClients) {
  Attacks attacks;
  for (int i = 0; i < 64; ++i) {
    auto client = std::make_shared<std::optional<SiegeClient>>();
    attacks.add([client, door = door_] {
      if (!*client || (*client)->was_hung_up()) {
        client->emplace(door);
      }
      (void)(*client)->send("GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n");
      (void)(*client)->receive();
      std::this_thread::sleep_for(780ms);
    });
  }
  judge("64 keep-alive clients", besieged_, {"/metrics", "/-/healthy"});
}

TEST_P(Siege, SilentConnections) {
  Crowd crowd{door_, 1000, true};
  crowd.step({}, {});
  Attacks attacks;
  attacks.add([&crowd] { crowd.step({}, {}); });
  judge("1,000 silent connections", besieged_, {"/metrics", "/-/healthy"});
  EXPECT_GT(refused(door_, {"address", "connections"}), 0);
}

TEST_P(Siege, HalfOpenHeads) {
  Crowd crowd{door_, 200, false};
  crowd.step("GET / HTTP/1.1\r\nHost: h\r\n", {});
  Attacks attacks;
  attacks.add([&crowd] { crowd.step("GET / HTTP/1.1\r\nHost: h\r\n", "X: y\r\n"); });
  judge("200 half-open heads", besieged_, {"/metrics", "/-/healthy"});
}

TEST_P(Siege, SlowBodies) {
  constexpr const char* kHead =
      "POST /-/reload HTTP/1.1\r\nHost: h\r\nContent-Length: 8000\r\n\r\n";
  Crowd crowd{door_, 200, false};
  crowd.step(kHead, {});
  Attacks attacks;
  attacks.add([&] { crowd.step(kHead, "x"); });
  judge("200 slow bodies", besieged_, {"/metrics", "/-/healthy"});
}

TEST_P(Siege, SlowReaders) {
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  Crowd crowd{door_, 100, false};
  crowd.step(many, {});
  Attacks attacks;
  attacks.add([&] { crowd.step(many, {}); });
  judge("100 readers that do not read", besieged_, {"/metrics", "/-/healthy"});
}

TEST_P(Siege, ProbesOfDeadServers) {
  Attacks attacks;
  for (int i = 0; i < 50; ++i) {
    const std::string target =
        "127.0.0." + std::to_string(10 + i) + ":" + std::to_string(besieged_.hung_port());
    attacks.add([target, door = door_] { (void)ask(door, "/probe?target=" + target); });
  }
  judge("50 probes of dead servers", besieged_, {"/-/healthy", "/metrics"});
}

// The scraper logged in before, and is known; then one that logs in amid the flood.
TEST(SiegeOfLogins, WrongPasswords) {
  Besieged besieged{Entrance::V4, kUsers};
  const Door door = besieged.door();
  std::atomic<int> number = 0;
  std::atomic<int> wrong = 0;
  Attacks attacks;
  for (int i = 0; i < 50; ++i) {
    attacks.add([&number, &wrong, door] {
      // "alice:" and six letters.
      constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";
      const auto n = static_cast<std::size_t>(number++);
      std::string password = "YWxpY2U6";
      for (const std::size_t part : {n, n / 32, n / 1024, std::size_t{3}}) {
        password += kLetters[part % kLetters.size()];
      }
      const Asked asked =
          ask(door, "/metrics", "Authorization: Basic " + password + "\r\n", "127.0.0.2");
      wrong += asked.status == 401 || asked.status == 429 ? 1 : 0;
    });
  }
  judge("50 clients with wrong passwords", besieged, {"/metrics", "/-/healthy"});
  EXPECT_GT(wrong, 10);
  EXPECT_GT(refused(door, {"password"}), 0);
}

// Every account of the machine reaches the HTTP library's port.
TEST(SiegeFromWithin, InnerPort) {
  Besieged besieged{Entrance::V4};
  std::vector<std::uint16_t> inner;
  std::ifstream lines{"/proc/net/tcp"};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::vector<std::string> fields{std::istream_iterator<std::string>{words}, {}};
    if (fields.size() > 9 && fields[1].starts_with("0100007F:") && fields[3] == "0A" &&
        besieged.exporter().has_socket(fields[9])) {
      inner.push_back(static_cast<std::uint16_t>(std::stoi(fields[1].substr(9), nullptr, 16)));
    }
  }
  std::erase(inner, besieged.door().port);
  ASSERT_EQ(inner.size(), 1U);
  const Door target{.entrance = Entrance::V4, .port = inner.front()};
  Crowd crowd{target, 150, true};
  crowd.step("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n", {});
  judge("150 connections to the inner port", besieged, {"/metrics", "/-/healthy"});
}

}  // namespace
}  // namespace pgrepl::testing
