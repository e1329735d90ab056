#include "session/socket_meter.h"

#include <array>
#include <cerrno>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgrepl::session {
namespace {

// Two ends of a Unix socket.
struct Ends {
  Ends() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0); }

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

  // As libpq reads; -1 when nothing may be read or nothing is there.
  [[nodiscard]] ssize_t receive(std::size_t most) const {
    std::string text(most, ' ');
    errno = 0;
    const ssize_t received = ::recv(fds[0], text.data(), text.size(), 0);
    EXPECT_EQ(received == -1, errno == EAGAIN);
    return received;
  }

  std::array<int, 2> fds{};
};

TEST(SocketMeter, EndsTheReadingWhenTheAllowanceIsUsedUp) {
  const Ends ends;
  SocketMeter meter;
  meter.start(ends.fds[0]);
  ends.send(250);
  EXPECT_EQ(ends.receive(1000), -1) << "nothing is allowed yet";
  meter.allow(100);
  EXPECT_EQ(ends.receive(60), 60);
  EXPECT_EQ(ends.receive(1000), 40);
  EXPECT_EQ(ends.receive(1000), -1);
  EXPECT_EQ(meter.total(), 100U);
  meter.allow(1000);
  EXPECT_EQ(ends.receive(1000), 150);
  EXPECT_EQ(ends.receive(1000), -1) << "nothing is there";
  EXPECT_EQ(meter.total(), 250U);
}

TEST(SocketMeter, TheEndOfTheOtherSideIsNoBytes) {
  const Ends ends;
  SocketMeter meter;
  meter.start(ends.fds[0]);
  meter.allow(10);
  ::shutdown(ends.fds[1], SHUT_WR);
  EXPECT_EQ(ends.receive(100), 0);
  EXPECT_EQ(meter.total(), 0U);
}

TEST(SocketMeter, OtherSocketsAreReadAsEver) {
  const Ends metered;
  const Ends ends;
  SocketMeter meter;
  meter.start(metered.fds[0]);
  ends.send(300);
  EXPECT_EQ(ends.receive(1000), 300);
  meter.stop();
  metered.send(200);
  EXPECT_EQ(metered.receive(1000), 200);
  EXPECT_EQ(meter.total(), 0U);
}

TEST(SocketMeter, GoesOnWithTheSameSocketAndBeginsAnewWithAnother) {
  const Ends ends;
  const Ends others;
  SocketMeter meter;
  meter.start(ends.fds[0]);
  meter.allow(1000);
  ends.send(100);
  EXPECT_EQ(ends.receive(1000), 100);
  meter.start(ends.fds[0]);
  EXPECT_EQ(meter.total(), 100U);
  meter.start(others.fds[0]);
  EXPECT_EQ(meter.total(), 0U);
  ends.send(100);
  EXPECT_EQ(ends.receive(1000), 100) << "it is metered no more";
  EXPECT_EQ(meter.total(), 0U);
}

TEST(SocketMeter, ASocketsNumberMayGoToAnotherMeter) {
  const Ends ends;
  SocketMeter first;
  first.start(ends.fds[0]);
  SocketMeter second;
  second.start(ends.fds[0]);
  second.allow(1000);
  first.stop();
  ends.send(100);
  EXPECT_EQ(ends.receive(1000), 100);
  EXPECT_EQ(second.total(), 100U);
}

}  // namespace
}  // namespace pgrepl::session
