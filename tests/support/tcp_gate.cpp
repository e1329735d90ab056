#include "support/tcp_gate.h"

#include "support/tcp_socket.h"
#include "support/wait_until.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgrepl::testing {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostBuffered = std::size_t{1} << 20;

// Bytes on their way in one direction.
class Pipe {
 public:
  // False when the sender has closed.
  bool read_from(const Socket& from, bool keep, std::chrono::milliseconds delay) {
    std::array<char, 65536> buffer;
    const auto count = recv(from.fd(), buffer.data(), buffer.size(), 0);
    if (count < 0) {
      return errno == EAGAIN || errno == EINTR;
    }
    if (count > 0 && keep) {
      const std::string text{buffer.data(), static_cast<std::size_t>(count)};
      buffered_ += text.size();
      chunks_.push_back({Clock::now() + delay, text});
    }
    lost_ = lost_ || (count > 0 && !keep);
    return count > 0;
  }

  // False when the receiver is gone. Writes at most `budget` bytes and lowers it.
  bool write_to(const Socket& to, std::size_t& budget) {
    while (due() && budget > 0) {
      auto& text = chunks_.front().text;
      const auto count = send(to.fd(), text.data(), std::min(text.size(), budget), MSG_NOSIGNAL);
      if (count < 0) {
        return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
      }
      const auto written = static_cast<std::size_t>(count);
      text.erase(0, written);
      buffered_ -= written;
      budget -= written;
      if (text.empty()) {
        chunks_.pop_front();
      }
    }
    return true;
  }

  void discard() {
    lost_ = lost_ || !chunks_.empty();
    chunks_.clear();
    buffered_ = 0;
  }

  [[nodiscard]] bool due() const { return !chunks_.empty() && chunks_.front().due <= Clock::now(); }

  [[nodiscard]] bool empty() const { return chunks_.empty(); }

  [[nodiscard]] bool full() const { return buffered_ >= kMostBuffered; }

  [[nodiscard]] bool lost() const { return lost_; }

  [[nodiscard]] std::optional<Clock::time_point> next() const {
    return chunks_.empty() ? std::nullopt : std::optional{chunks_.front().due};
  }

 private:
  struct Chunk {
    Clock::time_point due;
    std::string text;
  };

  std::deque<Chunk> chunks_;
  std::size_t buffered_ = 0;
  bool lost_ = false;
};

// One side of a connection: its socket and what is on its way to the other side.
struct Side {
  Socket socket;
  Pipe out;
  bool ended = false;  // sends no more
  pollfd* polled = nullptr;
};

struct Connection {
  Side client;
  Side server;                    // without a socket when it was accepted while dropping
  std::size_t budget = SIZE_MAX;  // what the server may still send
  bool dead = false;
};

}  // namespace

// All sockets belong to this thread; it learns of changes through the plan alone.
class TcpGate::Loop {
 public:
  Loop(TcpGate& gate, Socket listener) : gate_(gate), listener_(std::move(listener)) {}

  void run() {
    while (!plan_.stop) {
      poll_sockets();
      const auto before = plan_;
      report_and_read_plan(before);
      if (plan_.version != before.version) {
        obey(before.mode);
      }
      accept_clients();
      for (auto& connection : connections_) {
        move_bytes(connection);
      }
      connections_.remove_if([](const Connection& one) { return one.dead; });
    }
  }

 private:
  void report_and_read_plan(const Plan& obeyed) {
    std::uint64_t count = 0;
    (void)!read(gate_.wake_, &count, sizeof count);
    const std::lock_guard lock{gate_.mutex_};
    gate_.obeyed_version_ = obeyed.version;
    gate_.connections_ = connections_.size();
    plan_ = gate_.plan_;
  }

  void obey(Mode before) {
    for (auto& connection : connections_) {
      const bool broken = connection.client.out.lost() || connection.server.out.lost() ||
                          connection.client.ended || connection.server.ended ||
                          !connection.server.socket.open();
      if (plan_.mode == Mode::Refuse || (before == Mode::Drop && plan_.mode != before && broken)) {
        reset(connection);
      }
      if (plan_.mode == Mode::Drop) {
        connection.client.out.discard();
        connection.server.out.discard();
      }
      connection.budget = plan_.close_after.value_or(SIZE_MAX);
    }
    if (plan_.mode == Mode::Refuse) {
      listener_.close();
    } else if (!listener_.open()) {
      listener_ = listen_on(gate_.port(), gate_.addresses_.listen);
    }
    changed_ = true;
  }

  static void reset(Connection& connection) {
    connection.client.socket.reset();
    connection.server.socket.reset();
    connection.dead = true;
  }

  std::uint16_t next_server() {
    const auto& also = gate_.addresses_.also;
    const std::size_t turn = accepted_++ % (also.size() + 1);
    return turn == 0 ? gate_.server_port_ : also[turn - 1];
  }

  void accept_clients() {
    while (listener_.open()) {
      Socket client{accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
      if (!client.open()) {
        return;
      }
      client.send_at_once();
      auto& connection = connections_.emplace_back();
      connection.client.socket = std::move(client);
      connection.budget = plan_.close_after.value_or(SIZE_MAX);
      if (plan_.mode != Mode::Drop) {
        connection.server.socket = connect_to(next_server(), gate_.addresses_.source);
        connection.dead = !connection.server.socket.open();
      }
    }
  }

  void move_bytes(Connection& connection) {
    if (connection.dead || plan_.mode == Mode::Hold) {
      return;
    }
    auto& [client, server, budget, dead] = connection;
    std::size_t unlimited = SIZE_MAX;
    const bool well = receive(client) && receive(server) &&
                      (!server.socket.open() || client.out.write_to(server.socket, unlimited)) &&
                      server.out.write_to(client.socket, budget);
    if (!well || budget == 0) {
      reset(connection);
      return;
    }
    // Orderly: what one side sent before it closed still arrives. While dropping, no end arrives.
    dead = plan_.mode != Mode::Drop &&
           ((client.ended && client.out.empty()) || (server.ended && server.out.empty()));
  }

  // False when the side's connection has failed.
  bool receive(Side& side) const {
    if (side.polled == nullptr || side.ended || side.out.full()) {
      return true;
    }
    const auto events = side.polled->revents;
    if ((events & POLLERR) != 0) {
      // A firewall that drops does not tell one end of the other's.
      side.ended = true;
      return plan_.mode == Mode::Drop;
    }
    if ((events & (POLLIN | POLLHUP)) != 0) {
      side.ended = !side.out.read_from(side.socket, plan_.mode != Mode::Drop, plan_.delay);
    }
    return true;
  }

  void watch(Side& side, const Side& other) {
    if (!side.socket.open() || (side.ended && plan_.mode == Mode::Drop)) {
      return;
    }
    pollfd entry{.fd = side.socket.fd(), .events = 0, .revents = 0};
    if (!side.ended && !side.out.full()) {
      entry.events = POLLIN;
    }
    if (other.out.due()) {
      entry.events = static_cast<short>(entry.events | POLLOUT);
    }
    polled_.push_back(entry);
    side.polled = &polled_.back();
  }

  void poll_sockets() {
    polled_.clear();
    polled_.reserve(2 + 2 * connections_.size());
    polled_.push_back({.fd = gate_.wake_, .events = POLLIN, .revents = 0});
    polled_.push_back({.fd = listener_.fd(), .events = POLLIN, .revents = 0});
    for (auto& connection : connections_) {
      connection.client.polled = nullptr;
      connection.server.polled = nullptr;
      if (plan_.mode != Mode::Hold) {
        watch(connection.client, connection.server);
        watch(connection.server, connection.client);
      }
    }
    poll(polled_.data(), polled_.size(), std::exchange(changed_, false) ? 0 : timeout());
  }

  // Until the next delayed byte is due.
  [[nodiscard]] int timeout() const {
    auto wait = std::chrono::milliseconds{1000};
    for (const auto& connection : connections_) {
      for (const auto* side : {&connection.client, &connection.server}) {
        const auto next = side->out.next();
        if (next && plan_.mode != Mode::Hold && *next > Clock::now()) {
          wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()));
        }
      }
    }
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(wait.count(), 0));
  }

  TcpGate& gate_;
  Socket listener_;
  Plan plan_;
  bool changed_ = true;  // report at once that the plan is obeyed
  std::list<Connection> connections_;
  std::size_t accepted_ = 0;
  std::vector<pollfd> polled_;
};

TcpGate::TcpGate(std::uint16_t server_port, GateAddresses addresses)
    : server_port_(server_port),
      addresses_(std::move(addresses)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  thread_ = std::thread{[this, listener = listen_on(port(), addresses_.listen)]() mutable {
    Loop{*this, std::move(listener)}.run();
  }};
}

TcpGate::~TcpGate() {
  change([](Plan& plan) { plan.stop = true; });
  thread_.join();
  close(wake_);
}

template <class Change>
void TcpGate::change(Change apply) {
  std::uint64_t version = 0;
  bool stop = false;
  {
    const std::lock_guard lock{mutex_};
    apply(plan_);
    version = ++plan_.version;
    stop = plan_.stop;
  }
  const std::uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
  if (!stop) {
    await("the gate obeys", [&] {
      const std::lock_guard lock{mutex_};
      return obeyed_version_ >= version;
    });
  }
}

void TcpGate::pass() {
  change([](Plan& plan) {
    plan.mode = Mode::Pass;
    plan.delay = std::chrono::milliseconds{0};
    plan.close_after.reset();
  });
}

void TcpGate::drop() {
  change([](Plan& plan) { plan.mode = Mode::Drop; });
}

void TcpGate::hold() {
  change([](Plan& plan) { plan.mode = Mode::Hold; });
}

void TcpGate::refuse() {
  change([](Plan& plan) { plan.mode = Mode::Refuse; });
}

void TcpGate::delay(std::chrono::milliseconds each_way) {
  change([each_way](Plan& plan) { plan.delay = each_way; });
}

void TcpGate::close_midway(std::size_t bytes) {
  change([bytes](Plan& plan) { plan.close_after = bytes; });
}

std::size_t TcpGate::connections() const {
  const std::lock_guard lock{mutex_};
  return connections_;
}

}  // namespace pgrepl::testing
