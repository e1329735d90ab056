// Nothing that leaves the process holds a password, and no request leads it elsewhere or wears it
// out.
#include "integration/fault_stage.h"
#include "support/tcp_socket.h"
#include "support/wait_until.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <sys/socket.h>

namespace pgrepl::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kMarker = "mArKeR4711";

class Secrets : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    stage().primary.execute(std::string{"ALTER ROLE monitor PASSWORD '"} + kMarker + "'");
    // Readable for our role; the WAL receiver shows it masked.
    const std::string upstream = "host=127.0.0.1 user=replicator password=" + std::string{kMarker} +
                                 " port=" + std::to_string(stage().primary.port());
    stage().standby.configure({"primary_conninfo = " + quoted(upstream)});
  }

  // A marker in each place where a password can stand.
  static ExporterOptions options(const std::string& format) {
    const std::string marker = kMarker;
    const auto file = stage().write("marked-password", marker + "\n");
    const std::string text =
        "sampling: { tick: 200ms, timeout: 1s, connect_timeout: 500ms }\n"
        "defaults: { user: monitor, dbname: postgres, password: \"${SECRET}\" }\n"
        "clusters:\n"
        "  - name: main\n"
        "    servers:\n"
        "      - { name: pg-1, host: 127.0.0.1, port: " +
        std::to_string(stage().primary.port()) +
        " }\n"
        "      - { name: pg-2, conninfo: \"postgresql://monitor:" +
        marker + "@127.0.0.1:" + std::to_string(stage().gate.port()) +
        "/postgres\" }\n"
        "      - { name: pg-3, host: 127.0.0.1, port: 1, password_file: " +
        file +
        " }\n"
        "      - { name: pg-4, host: name.invalid, password: " +
        marker +
        " }\n      - { name: pg-5, host: 127.0.0.1, dbname: template1, sslmode: require, port: " +
        std::to_string(stage().primary.port()) +
        " }\n      - { name: pg-6, conninfo: \"postgresql://monitor@e:@" + marker + "@" + marker +
        "@127.0.0.1:" + std::to_string(stage().primary.port()) +
        "/elsewhere\" }\n"
        "auth_modules:\n"
        "  other: { userpass: { username: nobody, password: " +
        marker + " } }\n";
    return {
        .environment = {{"SECRET", marker}},
        .arguments = {
            "--log.level=debug",
            "--log.format=" + format,
            "--config.file=" + stage().write("marked.yml", text)}};
  }

  static void expect_no_marker(const Exporter& exporter) {
    for (const char* path :
         {"/",
          "/metrics",
          "/api/v1/clusters",
          "/api/v1/events",
          "/sd",
          "/probe?target=pg-1",
          "/probe?target=pg-2",
          "/probe?target=pg-2&auth_module=other",
          "/probe?target=pg-3",
          "/probe?target=192.0.2.1:5432",
          "/probe?target=postgresql://u:mArKeR4711@192.0.2.1/",
          "/probe?target=pg-1&auth_module=mArKeR4711",
          "/servers/pg-1/primary",
          "/-/healthy"}) {
      const auto response = exporter.get(path);
      EXPECT_THAT(response.body, Not(HasSubstr(kMarker))) << path;
      for (const auto& [name, value] : response.headers) {
        EXPECT_THAT(value, Not(HasSubstr(kMarker))) << path << " " << name;
      }
    }
    EXPECT_THAT(exporter.output(), Not(HasSubstr(kMarker)));
    std::ifstream file{"/proc/" + std::to_string(exporter.pid()) + "/cmdline"};
    const std::string command{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_THAT(command, HasSubstr("marked.yml"));
    EXPECT_THAT(command, Not(HasSubstr(kMarker)));
  }
};

TEST_F(Secrets, AreNowhereUnderAnyFault) {
  for (const char* format : {"logfmt", "json"}) {
    Exporter exporter{options(format)};
    const auto reason = [&](const std::string& server, const std::string& text) {
      return wait_until(
          [&] {
            return exporter.value("pg_up_reason", {{"server", server}, {"reason", text}}) == 1;
          },
          10s
      );
    };
    EXPECT_TRUE(reason("pg-1", "ok")) << exporter.output();
    EXPECT_TRUE(reason("pg-2", "ok")) << exporter.output();
    EXPECT_TRUE(reason("pg-3", "refused")) << exporter.output();
    EXPECT_TRUE(reason("pg-4", "dns")) << exporter.output();
    EXPECT_TRUE(reason("pg-5", "tls")) << exporter.output();
    EXPECT_TRUE(reason("pg-6", "auth")) << exporter.output();
    expect_no_marker(exporter);
    stage().gate.drop();
    EXPECT_TRUE(reason("pg-2", "timeout")) << exporter.output();
    expect_no_marker(exporter);
    stage().gate.refuse();
    EXPECT_TRUE(reason("pg-2", "refused")) << exporter.output();
    expect_no_marker(exporter);
    stage().gate.pass();
    EXPECT_TRUE(reason("pg-2", "ok")) << exporter.output();
  }
}

TEST_F(Secrets, AreInNoComplaintAboutTheConfiguration) {
  const std::string marker = kMarker;
  for (const std::string& text :
       {"defaults: { password: [" + marker + "] }\n",
        "clusters: [{ name: a, servers: [{ conninfo: \"host=h pasword=" + marker + "\" }] }]\n",
        "clusters: [{ name: a, servers: [{ conninfo: \"postgresql://u:" + marker + "@[h/\" }] }]\n",
        "clusters: [{ name: a, servers: [{ conninfo: \"postgresql://u:a/" + marker +
            "@h/\" }] }]\n",
        "clusters: [{ name: a, servers: [{ conninfo: \"host=u:" + marker + "@h\" }] }]\n",
        "clusters: [{ name: a, servers: [{ host: \"u:" + marker + "@h\" }] }]\n",
        "auth_modules: { m: { userpass: { username: u, password: { a: " + marker + " } } } }\n"}) {
    const Finished finished =
        run_exporter({.arguments = {"check", "--config.file=" + stage().write("bad.yml", text)}});
    EXPECT_EQ(finished.status, 2) << text;
    EXPECT_THAT(finished.output, Not(HasSubstr(marker)));
  }
  const Finished flag =
      run_exporter({.environment = {{"DATA_SOURCE_NAME", "postgresql://u:" + marker + "@[h/"}}});
  EXPECT_EQ(flag.status, 2);
  EXPECT_THAT(flag.output, Not(HasSubstr(marker)));
}

class HttpLimits : public FaultTest {
 protected:
  // Everything that comes back until the server closes or is silent for long.
  static std::string ask(const Exporter& exporter, const std::string& request) {
    const Socket socket = connect_to(exporter.port());
    std::string answer;
    std::size_t sent = 0;
    (void)wait_until(
        [&] {
          if (sent < request.size()) {
            const auto count =
                send(socket.fd(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
            sent += count > 0 ? static_cast<std::size_t>(count) : 0;
          }
          std::array<char, 4096> buffer{};
          const auto count = recv(socket.fd(), buffer.data(), buffer.size(), 0);
          answer.append(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
          return count == 0 || (count < 0 && errno == ECONNRESET);
        },
        10s
    );
    return answer;
  }
};

TEST_F(HttpLimits, WhatIsNoRequestOrTooLargeIsRefused) {
  FaultWatch watch{stage()};
  Exporter& exporter = watch.exporter();
  EXPECT_THAT(ask(exporter, std::string("\0\1 garbage\r\n\r\n", 14)), HasSubstr(" 400 "));
  const std::string large(20000, 'a');
  EXPECT_THAT(ask(exporter, "GET / HTTP/1.1\r\nX: " + large + "\r\n\r\n"), HasSubstr(" 431 "));
  EXPECT_THAT(ask(exporter, "GET /" + large + " HTTP/1.1\r\n\r\n"), HasSubstr(" 414 "));
  EXPECT_THAT(ask(exporter, "GET /../../etc/passwd HTTP/1.0\r\n\r\n"), HasSubstr(" 404 "));
  const std::string post =
      "POST /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4\r\n\r\nabcd";
  EXPECT_THAT(ask(exporter, post), HasSubstr(" 405 "));
  EXPECT_EQ(exporter.get("/-/healthy").status, 200);
}

TEST_F(HttpLimits, AnswersSayWhatBrowsersNeedAndNotWhoServes) {
  FaultWatch watch{stage()};
  for (const char* path : {"/", "/metrics", "/api/v1/clusters", "/probe", "/nothing"}) {
    const auto response = watch.exporter().get(path);
    EXPECT_EQ(response.headers.at("x-content-type-options"), "nosniff") << path;
    EXPECT_FALSE(response.headers.contains("server")) << path;
    const bool html = response.headers.at("content-type").starts_with("text/html");
    EXPECT_EQ(response.headers.contains("content-security-policy"), html) << path;
  }
}

}  // namespace
}  // namespace pgrepl::testing
