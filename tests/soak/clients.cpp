#include "soak/clients.h"

#include "support/http_get.h"
#include "support/tcp_socket.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include <sys/socket.h>

namespace pgrepl::testing {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kScrapers = 8;
constexpr auto kPace = 200ms;  // of each client: what takes place is the wear, not the load

struct Page {
  const char* path;
  std::array<int, 4> answers;  // that are right, whatever befalls the servers
};

// 503: the loop has not answered in time. pg-3 comes and goes.
constexpr std::array kPages{
    Page{"/metrics", {200, 503}},
    Page{"/", {200, 503}},
    Page{"/api/v1/clusters", {200, 503}},
    Page{"/probe?target=pg-2", {200, 503}},
    Page{"/metrics", {200, 503}},
    Page{"/probe?target=pg-3", {200, 503, 403, 404}},
    Page{"/api/v1/events", {200, 503}},
    Page{"/servers/pg-2/replica", {200, 503}},
    Page{"/sd", {200, 503}},
};

void send_text(const Socket& socket, std::string_view text) {
  (void)send(socket.fd(), text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace

Clients::Clients(std::uint16_t port) : port_(port) {
  for (std::size_t i = 0; i < kScrapers; ++i) {
    threads_.emplace_back([this, i] { scrape(i); });
  }
  threads_.emplace_back([this] { leave_midway(); });
  threads_.emplace_back([this] { ask_slowly(); });
  threads_.emplace_back([this] { read_slowly(); });
}

Clients::~Clients() {
  stop();
}

void Clients::stop() {
  stop_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) {
      thread.join();
    }
  }
}

std::string Clients::first_failure() const {
  const std::lock_guard lock{mutex_};
  return first_failure_;
}

// Each page in turn, so that every client asks for every page.
void Clients::scrape(std::size_t number) {
  for (std::size_t i = number; may_ask(); ++i) {
    const Page& page = kPages.at(i % kPages.size());
    try {
      const int status = http_get(port_, page.path).status;
      pages_ += 1;
      if (std::ranges::find(page.answers, status) == page.answers.end()) {
        note_failure(std::string{page.path} + " answered " + std::to_string(status));
      }
    } catch (const HttpFailure& e) {
      note_failure(std::string{page.path} + ": " + e.what());
    }
    std::this_thread::sleep_for(kPace);
  }
}

void Clients::leave_midway() const {
  while (may_ask()) {
    const Socket socket = connect_to(port_);
    send_text(socket, "GET / HT");
    std::this_thread::sleep_for(kPace);
  }
}

void Clients::ask_slowly() const {
  constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: exporter\r\n\r\n";
  while (may_ask()) {
    const Socket socket = connect_to(port_);
    for (std::size_t i = 0; i < kRequest.size() && !stop_; ++i) {
      send_text(socket, kRequest.substr(i, 1));
      std::this_thread::sleep_for(kPace);
    }
  }
}

void Clients::read_slowly() const {
  while (may_ask()) {
    const Socket socket = connect_to(port_);
    const int room = 2048;
    (void)setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    std::this_thread::sleep_for(kPace);
    send_text(socket, "GET /metrics HTTP/1.0\r\n\r\n");
    for (int i = 0; i < 20 && !stop_; ++i) {
      std::array<char, 256> crumb{};
      (void)recv(socket.fd(), crumb.data(), crumb.size(), 0);
      std::this_thread::sleep_for(kPace);
    }
  }
}

bool Clients::may_ask() const {
  while (paused_ && !stop_) {
    std::this_thread::sleep_for(20ms);
  }
  return !stop_;
}

void Clients::note_failure(const std::string& what) {
  failures_ += 1;
  const std::lock_guard lock{mutex_};
  if (first_failure_.empty()) {
    first_failure_ = what;
  }
}

}  // namespace pgrepl::testing
