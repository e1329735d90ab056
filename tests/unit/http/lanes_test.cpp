// The lanes against a library that the test scripts, connection by connection.
#include "http/lanes.h"

#include "http/request_head.h"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

// What the library does with one request.
struct Deed {
  std::string answer{};
  bool then_closes = false;
  bool hangs = false;  // and says nothing for ever
};

const std::string kOpen = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nopen\n";

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Answers greetings, and requests as `deeds` say; without one, with the request's target.
class ScriptedLibrary {
 public:
  explicit ScriptedLibrary(asio::io_context& io)
      : io_(io), acceptor_(io, {asio::ip::address_v4::loopback(), 0}) {
    asio::co_spawn(io_, accept_all(), asio::detached);
  }

  [[nodiscard]] tcp::endpoint address() const { return acceptor_.local_endpoint(); }

  std::deque<Deed> deeds;
  std::vector<std::string> requests;  // without greetings
  int connections = 0;
  std::string greeting_answer = kOpen;

 private:
  asio::awaitable<void> accept_all() {
    asio::error_code failure;
    auto token = asio::redirect_error(asio::use_awaitable, failure);
    while (!failure) {
      auto socket = std::make_shared<tcp::socket>(io_);
      co_await acceptor_.async_accept(*socket, token);
      if (!failure) {
        connections += 1;
        asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
      }
    }
  }

  asio::awaitable<void> serve(std::shared_ptr<tcp::socket> socket) {
    asio::error_code failure;
    auto token = asio::redirect_error(asio::use_awaitable, failure);
    std::string bytes;
    auto into = asio::dynamic_buffer(bytes);
    bool was_greeted = false;
    while (!failure) {
      const std::size_t size = co_await asio::async_read_until(*socket, into, "\r\n\r\n", token);
      if (failure) {
        co_return;
      }
      Deed deed{.answer = greeting_answer};
      if (was_greeted) {
        deed = next(bytes.substr(0, size));
      }
      was_greeted = true;
      bytes.erase(0, size);
      if (deed.hangs) {
        continue;
      }
      const auto answer = asio::buffer(deed.answer);
      co_await asio::async_write(*socket, answer, token);
      if (deed.then_closes) {
        socket->close();
        co_return;
      }
    }
  }

  Deed next(const std::string& request) {
    requests.push_back(request);
    if (deeds.empty()) {
      const std::size_t begin = request.find(' ') + 1;
      return {.answer = ok(request.substr(begin, request.find(' ', begin) - begin))};
    }
    Deed deed = deeds.front();
    deeds.pop_front();
    return deed;
  }

  asio::io_context& io_;
  tcp::acceptor acceptor_;
};

class LanesTest : public ::testing::Test {
 protected:
  std::shared_ptr<Job> submit(
      const std::string& target, LaneKind kind = LaneKind::Login, const std::string& owner = "a"
  ) {
    auto job = std::make_shared<Job>(io, kind);
    job->owner = owner;
    job->request = "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n";
    lanes.submit(job);
    return job;
  }

  // Runs the loop until this holds.
  void run_until(const std::function<bool()>& holds) {
    const auto last = std::chrono::steady_clock::now() + 30s;
    while (!holds() && std::chrono::steady_clock::now() < last) {
      io.run_one_for(100ms);
    }
    ASSERT_TRUE(holds());
  }

  // The body of its answer; "none" without one.
  std::string answer_of(const std::shared_ptr<Job>& job) {
    run_until([&] { return job->is_done; });
    return job->answer ? job->answer->body : "none";
  }

  std::string ask(const std::string& target) {
    const auto job = submit(target);
    return answer_of(job);
  }

  // Declared in this order, since the loop's coroutines refer to the others.
  InnerHop hop;
  asio::io_context io{1};
  ScriptedLibrary library{io};
  Lanes lanes{io, library.address(), hop, 10s};
};

TEST_F(LanesTest, AreAsManyConnectionsAsTheLibraryHasThreads) {
  lanes.start();
  run_until([&] { return library.connections == static_cast<int>(kAllLanes); });
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(ask("/" + std::to_string(i)), "/" + std::to_string(i));
  }
  EXPECT_EQ(library.connections, static_cast<int>(kAllLanes)) << "all of them are kept";
  EXPECT_EQ(library.requests.size(), 50U);
}

TEST_F(LanesTest, TakeWhatWasSubmittedBeforeTheyWereOpen) {
  const auto first = submit("/1");
  const auto second = submit("/2", LaneKind::Other);
  EXPECT_EQ(lanes.waiting(LaneKind::Login, "a"), 1U);
  EXPECT_EQ(lanes.waiting(LaneKind::Other, "a"), 1U);
  EXPECT_EQ(lanes.waiting(LaneKind::Other, "b"), 0U);
  lanes.start();
  EXPECT_EQ(answer_of(first), "/1");
  EXPECT_EQ(answer_of(second), "/2");
  EXPECT_EQ(lanes.waiting(LaneKind::Login, "a"), 0U);
}

TEST_F(LanesTest, GiveEachOwnerItsTurn) {
  std::vector<std::shared_ptr<Job>> jobs;
  for (const std::string target : {"/a1", "/a2", "/a3"}) {
    jobs.push_back(submit(target, LaneKind::Login, "a"));
  }
  jobs.push_back(submit("/b1", LaneKind::Login, "b"));
  lanes.start();
  for (const auto& job : jobs) {
    EXPECT_NE(answer_of(job), "none");
  }
  std::vector<std::string> order;
  for (const std::string& request : library.requests) {
    order.push_back(request.substr(4, 3));
  }
  EXPECT_EQ(order, (std::vector<std::string>{"/a1", "/b1", "/a2", "/a3"}));
}

TEST_F(LanesTest, OfOneKindLeaveTheOthersAlone) {
  lanes.start();
  library.deeds = {{.hangs = true}, {.hangs = true}};
  const auto hung = submit("/1", LaneKind::Health);
  const auto also = submit("/2", LaneKind::Health);
  run_until([&] { return library.requests.size() == 2; });
  const auto waiting = submit("/3", LaneKind::Health);
  for (const LaneKind kind : {LaneKind::Login, LaneKind::Probe, LaneKind::Other}) {
    EXPECT_EQ(answer_of(submit("/x", kind)), "/x");
  }
  EXPECT_FALSE(hung->is_done || also->is_done || waiting->is_done);
}

TEST_F(LanesTest, ReadAnAnswerThatComesInPieces) {
  lanes.start();
  const std::string body(200'000, 'x');
  library.deeds = {{.answer = ok(body)}, {.answer = ok("")}};
  EXPECT_EQ(ask("/large"), body);
  EXPECT_EQ(ask("/empty"), "");
  EXPECT_EQ(ask("/next"), "/next");
}

TEST_F(LanesTest, ReadNoBodyAfterHead) {
  lanes.start();
  library.deeds = {{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"}};
  auto job = std::make_shared<Job>(io, LaneKind::Login);
  job->request = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";
  job->has_body = false;
  lanes.submit(job);
  EXPECT_EQ(answer_of(job), "");
  EXPECT_EQ(job->answer->head, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n");
  EXPECT_EQ(ask("/next"), "/next");
}

TEST_F(LanesTest, ReadAnAnswerWithoutALengthToItsEndAndOpenAnew) {
  lanes.start();
  library.deeds = {
      {.answer = "HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\nwhy", .then_closes = true}};
  const auto job = submit("/1");
  EXPECT_EQ(answer_of(job), "why");
  EXPECT_EQ(job->answer->status, 400);
  EXPECT_EQ(job->answer->head, "HTTP/1.1 400 Bad\r\n");
  EXPECT_EQ(ask("/2"), "/2");
  EXPECT_EQ(library.connections, static_cast<int>(kAllLanes) + 1);
}

// The library closes a connection between two requests; nobody may notice.
TEST_F(LanesTest, AskAgainWhenTheLaneWasClosedBefore) {
  lanes.start();
  library.deeds = {{.answer = ok("1"), .then_closes = true}};
  EXPECT_EQ(ask("/1"), "1");
  EXPECT_EQ(ask("/2"), "/2");
  EXPECT_EQ(library.requests.size(), 2U);
}

TEST_F(LanesTest, AskTwiceAtMost) {
  lanes.start();
  library.deeds = {{.then_closes = true}, {.then_closes = true}};
  EXPECT_EQ(ask("/1"), "none");
  EXPECT_EQ(library.requests.size(), 2U);
  EXPECT_EQ(ask("/2"), "/2");
}

TEST_F(LanesTest, DoNotAskAgainOnceAnAnswerHasBegun) {
  lanes.start();
  library.deeds = {
      {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", .then_closes = true}};
  EXPECT_EQ(ask("/1"), "none") << "half an answer is none";
  library.deeds = {{.answer = "HTTP/1.1 200 O", .then_closes = true}};
  EXPECT_EQ(ask("/2"), "none");
  EXPECT_EQ(library.requests.size(), 2U);
  EXPECT_EQ(ask("/3"), "/3");
}

TEST_F(LanesTest, GiveUpWhatTakesTooLong) {
  lanes.start();
  library.deeds = {{.hangs = true}};
  const auto hung = submit("/1");
  const auto next = submit("/2");
  run_until([&] { return library.requests.size() == 1; });
  lanes.sweep(std::chrono::steady_clock::now());
  EXPECT_FALSE(hung->is_done) << "it still has time";
  lanes.sweep(std::chrono::steady_clock::now() + 11s);
  EXPECT_EQ(answer_of(hung), "none");
  EXPECT_EQ(answer_of(next), "/2") << "the lane is open again";
  EXPECT_EQ(library.requests.size(), 2U) << "what was given up is not asked again";
  lanes.sweep(std::chrono::steady_clock::now() + 1h);
  EXPECT_EQ(ask("/3"), "/3") << "an idle lane has no deadline";
}

// A port that answers otherwise is no library of ours: the lane tries again, and nothing is asked.
TEST_F(LanesTest, OpenOnlyWhereTheGreetingIsAnswered) {
  library.greeting_answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
  lanes.start();
  const auto job = submit("/1");
  run_until([&] { return library.connections >= static_cast<int>(kAllLanes); });
  EXPECT_FALSE(job->is_done);
  EXPECT_TRUE(library.requests.empty());
  library.greeting_answer = kOpen;
  EXPECT_EQ(answer_of(job), "/1");
}

TEST_F(LanesTest, AreTheFrontsOwnAsLongAsTheyAreOpen) {
  lanes.start();
  EXPECT_EQ(ask("/1"), "/1");
  // Every port is noted before the connection is made; of no other port anything is known.
  int known = 0;
  for (int port = 1; port < 65536; ++port) {
    known += hop.meet("127.0.0.1", static_cast<std::uint16_t>(port)) != InnerPeer::Stranger ? 1 : 0;
  }
  EXPECT_EQ(known, static_cast<int>(kAllLanes));
}

}  // namespace
}  // namespace pgrepl::http
