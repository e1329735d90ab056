#include "session/received_bytes.h"

#include <array>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgrepl::session {
namespace {

// Two ends of a Unix socket.
struct Ends {
  Ends() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()), 0); }

  ~Ends() {
    ::close(fds[0]);
    ::close(fds[1]);
  }

  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  void send(std::size_t bytes) const {
    const std::string text(bytes, 'x');
    ASSERT_EQ(::write(fds[1], text.data(), bytes), static_cast<ssize_t>(bytes));
  }

  void read(std::size_t bytes) const {
    std::string text(bytes, ' ');
    ASSERT_GT(::read(fds[0], text.data(), bytes), 0);
  }

  std::array<int, 2> fds{};
};

TEST(ReceivedBytes, CountsWhatLeftTheQueueOfAUnixSocket) {
  const Ends ends;
  ReceivedBytes received;
  received.start(ends.fds[0]);
  EXPECT_EQ(received.total(), 0U);
  ends.send(20000);
  received.before_read();
  ends.read(15000);
  received.after_read();
  EXPECT_EQ(received.total(), 15000U);
  received.before_read();
  ends.read(5000);
  received.after_read();
  EXPECT_EQ(received.total(), 20000U);
}

TEST(ReceivedBytes, AQueueThatWasFilledAgainCountsAsTheLeastRead) {
  const Ends ends;
  ReceivedBytes received;
  received.start(ends.fds[0]);
  ends.send(10000);
  received.before_read();
  ends.read(10000);
  ends.send(10000);
  received.after_read();
  EXPECT_EQ(received.total(), 8192U) << "rather too little than nothing";
}

TEST(ReceivedBytes, GoesOnWithTheSameSocketAndBeginsAnewWithAnother) {
  const Ends ends;
  const Ends others;
  ReceivedBytes received;
  received.start(ends.fds[0]);
  ends.send(100);
  received.before_read();
  ends.read(100);
  received.after_read();
  received.start(ends.fds[0]);
  EXPECT_EQ(received.total(), 100U);
  received.start(others.fds[0]);
  EXPECT_EQ(received.total(), 0U);
}

}  // namespace
}  // namespace pgrepl::session
