// The real door on loopback, and a handler that the test steers.
#pragma once

#include "http/server.h"
#include "http/web_settings.h"
#include "support/captured_log.h"
#include "support/certificate.h"
#include "support/scratch_folder.h"
#include "unit/http/door_client.h"
#include "unit/http/refusal_counters.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pgrepl::http {

// Requests of a path below /wait stay in the handler until the test lets them go.
class Gate {
 public:
  // Called by the handler.
  void pass(const std::string& path) {
    std::unique_lock lock{mutex_};
    entered_[path] += 1;
    const auto may_go = [this] { return is_open_ || permits_ > 0; };
    if (!changed_.wait_for(lock, testing::kPatience, may_go)) {
      throw std::runtime_error{"the test has let nobody go"};
    }
    permits_ -= is_open_ ? 0 : 1;
  }

  void let_go(int count) {
    const std::lock_guard lock{mutex_};
    permits_ += count;
    changed_.notify_all();
  }

  void open() {
    const std::lock_guard lock{mutex_};
    is_open_ = true;
    changed_.notify_all();
  }

  // How many requests of this path have come as far as the handler.
  [[nodiscard]] int entered(const std::string& path) {
    const std::lock_guard lock{mutex_};
    return entered_[path];
  }

  [[nodiscard]] int entered() {
    const std::lock_guard lock{mutex_};
    int sum = 0;
    for (const auto& [path, count] : entered_) {
      sum += count;
    }
    return sum;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> entered_;
  int permits_ = 0;
  bool is_open_ = false;
};

class Door {
 public:
  explicit Door(testing::Way its_way = testing::Way::V4) : way(its_way) {
    limits.sweep = std::chrono::milliseconds{2};
  }

  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  ~Door() {
    gate.open();
    stop();
  }

  // `web` is the rest of the web configuration file, besides TLS.
  void start(const std::string& web = {}) {
    std::string text = web;
    if (way == testing::Way::Tls) {
      use(testing::make_certificate("first"));
      text += "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n";
    }
    std::unique_ptr<WebSettings> settings;
    if (!text.empty()) {
      auto opened = WebSettings::open(folder.write("web.yml", text));
      ASSERT_TRUE(opened) << to_string(opened.error());
      settings = std::move(*opened);
    }
    const char* address = way == testing::Way::V6 ? "[::1]:0" : "127.0.0.1:0";
    const auto handler = [this](const Request& request) { return answer(request); };
    auto started = Server::start({address}, handler, std::move(settings), limits, refusals.family);
    ASSERT_TRUE(started) << started.error();
    server = std::move(*started);
    port = server->ports().front();
  }

  // Of the server, from its next connection on.
  void use(const testing::Certificate& certificate) const {
    folder.write("cert.pem", certificate.certificate);
    folder.write("key.pem", certificate.key);
  }

  void stop() { server.reset(); }

  [[nodiscard]] testing::DoorClient enter(bool is_silent = false) const {
    return testing::DoorClient{way, port, is_silent};
  }

  [[nodiscard]] testing::DoorClient enter_from(const std::string& source) const {
    return testing::DoorClient{way, port, false, source};
  }

  // Waits until somebody was refused for this reason.
  void await_refusal(Refusal reason, std::uint64_t count = 1) const {
    testing::await("a refusal: " + std::string{name_of(reason)}, [&] {
      return server->refusals().of(reason) >= count;
    });
  }

  [[nodiscard]] std::uint64_t refused(Refusal reason) const {
    return server->refusals().of(reason);
  }

  // Nobody was refused, for whatever reason.
  [[nodiscard]] bool has_refused_nobody() const { return refusals.total() == 0; }

  void await_entered(int count) {
    testing::await("requests are in the handler", [&] { return gate.entered() >= count; });
  }

  Response answer(const Request& request) {
    requests += 1;
    if (request.path.starts_with("/wait") || request.query.starts_with("wait")) {
      gate.pass(request.path);
    }
    if (request.path == "/large") {
      return {.body = std::string(large, 'x')};
    }
    if (request.path == "/throw") {
      throw std::runtime_error{"the reason"};
    }
    Response response{.body = request.method + ' ' + request.path + '?' + request.query};
    for (const auto& [name, value] : request.headers) {
      response.body += '\n' + name + '=' + value;
    }
    return response;
  }

  testing::CapturedLog log;
  testing::ScratchFolder folder;
  testing::Way way;
  Limits limits{};
  Gate gate;
  std::size_t large = 8'000'000;
  std::atomic<int> requests = 0;
  testing::RefusalCounters refusals;
  std::unique_ptr<Server> server;
  std::uint16_t port = 0;
};

// Over each way in; without IPv6 on this machine, that one is skipped.
class DoorTest : public ::testing::TestWithParam<testing::Way> {
 protected:
  void SetUp() override {
    if (GetParam() == testing::Way::V6) {
      const testing::Socket socket{::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      address.sin6_addr = in6addr_loopback;
      const auto* plain = reinterpret_cast<const sockaddr*>(&address);
      if (!socket.open() || ::bind(socket.fd(), plain, sizeof address) != 0) {
        GTEST_SKIP() << "this machine has no IPv6";
      }
    }
  }

  Door door{GetParam()};
};

inline std::string name_of_way(const ::testing::TestParamInfo<testing::Way>& each) {
  constexpr std::array<const char*, 3> kNames{"V4", "V6", "Tls"};
  return kNames.at(static_cast<std::size_t>(each.param));
}

}  // namespace pgrepl::http
