#include "http/front.h"

#include "http/admission.h"
#include "http/conversation.h"
#include "http/lanes.h"
#include "http/listener.h"
#include "http/session.h"
#include "http/web_settings.h"

#include <chrono>
#include <exception>
#include <map>
#include <thread>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::http {

namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;
using Instant = std::chrono::steady_clock::time_point;

constexpr auto kPauseWithoutDescriptors = 100ms;
constexpr auto kSweepWhileClosing = 20ms;
constexpr auto kForAnswersUnderWay = 3s;

// What may be thrown is out of memory; it costs one connection.
void end_connection(const std::exception_ptr& /*thrown*/) {
}

}  // namespace

class Front::Loop {
 public:
  Loop(const Limits& limits, const Behind& behind)
      : limits_(limits),
        behind_(behind),
        admission_(
            {.in_all = limits.connections,
             .of_address = limits.connections_of_address,
             .unread_bytes = limits.unread_bytes}
        ),
        lanes_(io_, {asio::ip::address_v4::loopback(), behind.port}, behind.hop, limits.handler),
        door_{
            .io = io_,
            .limits = limits_,
            .admission = admission_,
            .lanes = lanes_,
            .refusals = behind_.refusals,
            .settings = behind_.settings,
            .close = [this](Admission::Id id) { close(id); }} {}

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  ~Loop() {
    if (thread_.joinable()) {
      asio::post(io_, [this] { begin_closing(); });
      thread_.join();
    }
  }

  [[nodiscard]] std::string listen(const ListenAddress& address) {
    auto acceptor = http::listen(io_, address);
    if (!acceptor) {
      return acceptor.error();
    }
    acceptors_.push_back(std::move(*acceptor));
    return {};
  }

  void run() {
    lanes_.start();
    for (tcp::acceptor& acceptor : acceptors_) {
      keep_accepting(acceptor);
    }
    keep_sweeping();
    thread_ = std::thread{[this] { io_.run(); }};
  }

  [[nodiscard]] std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> ports;
    for (const tcp::acceptor& acceptor : acceptors_) {
      ports.push_back(acceptor.local_endpoint().port());
    }
    return ports;
  }

 private:
  // Whatever is thrown, out of memory for example, costs one connection and never the listener.
  void keep_accepting(tcp::acceptor& acceptor) {
    asio::co_spawn(io_, accept_all(acceptor), [this, &acceptor](const std::exception_ptr& thrown) {
      if (thrown && !door_.is_closing) {
        keep_accepting(acceptor);
      }
    });
  }

  void keep_sweeping() {
    asio::co_spawn(io_, sweep(), [this](const std::exception_ptr& thrown) {
      if (thrown) {
        keep_sweeping();
      }
    });
  }

  asio::awaitable<void> accept_all(tcp::acceptor& acceptor) {
    asio::error_code failure;
    auto token = asio::redirect_error(asio::use_awaitable, failure);
    while (!door_.is_closing) {
      tcp::socket socket = co_await acceptor.async_accept(token);
      if (!failure) {
        receive(std::move(socket));
      } else if (!door_.is_closing) {
        make_room();
        asio::steady_timer pause{io_, kPauseWithoutDescriptors};
        co_await pause.async_wait(asio::use_awaitable);
      }
    }
  }

  void receive(tcp::socket socket) {
    asio::error_code failure;
    const tcp::endpoint client = socket.remote_endpoint(failure);
    if (failure) {
      return;  // it has gone already
    }
    const std::string address = bounded_address(client.address());
    const Admission::Decision decision = admission_.admit(address);
    if (decision.reason) {
      behind_.refusals.count(*decision.reason);
    }
    if (decision.victim) {
      close(*decision.victim);
    }
    if (!decision.admitted) {
      return;
    }
    const bool is_tls = behind_.settings != nullptr && behind_.settings->serves_tls();
    auto session = std::make_shared<Session>(admission_, *decision.admitted);
    session->address = address;
    session->channel =
        std::make_unique<Channel>(std::move(socket), is_tls ? behind_.settings->tls() : nullptr);
    sessions_[session->id] = session;
    asio::co_spawn(io_, converse(std::move(session)), &end_connection);
  }

  asio::awaitable<void> converse(std::shared_ptr<Session> session) {
    Conversation conversation{door_, session};
    co_await conversation.run();
    sessions_.erase(session->id);
  }

  void close(Admission::Id id) {
    const auto found = sessions_.find(id);
    if (const auto session = found == sessions_.end() ? nullptr : found->second.lock()) {
      session->close();
    }
  }

  // Without a descriptor nobody could be let in, and silent clients would hold them all.
  void make_room() {
    if (const auto victim = admission_.evict()) {
      behind_.refusals.count(Refusal::Connections);
      close(*victim);
    }
  }

  asio::awaitable<void> sweep() {
    asio::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    while (true) {
      const Instant now = std::chrono::steady_clock::now();
      lanes_.sweep(now);
      const bool is_idle = sweep_sessions(now);
      if (door_.is_closing && (is_idle || now > closes_by_)) {
        io_.stop();
      }
      sweep_timer_.expires_after(door_.is_closing ? kSweepWhileClosing : limits_.sweep);
      co_await sweep_timer_.async_wait(token);
    }
  }

  // Whether no answer is under way.
  bool sweep_sessions(Instant now) {
    bool is_idle = true;
    std::erase_if(sessions_, [](const auto& each) { return each.second.expired(); });
    for (const auto& [id, weak] : sessions_) {
      const auto session = weak.lock();
      if (session->deadline < now) {
        if (session->when_late) {
          behind_.refusals.count(*session->when_late);
        }
        session->close();
      } else if (session->is_answering) {
        is_idle = false;
      } else if (door_.is_closing) {
        session->close();
      }
    }
    return is_idle;
  }

  void begin_closing() {
    door_.is_closing = true;
    closes_by_ = std::chrono::steady_clock::now() + kForAnswersUnderWay;
    sweep_timer_.cancel();
    asio::error_code ignored;
    for (tcp::acceptor& acceptor : acceptors_) {
      acceptor.close(ignored);
    }
  }

  const Limits limits_;
  Behind behind_;
  Admission admission_;                                       // outlives the sessions
  std::map<Admission::Id, std::weak_ptr<Session>> sessions_;  // held by their conversations
  asio::io_context io_{1};
  asio::steady_timer sweep_timer_{io_};
  Instant closes_by_ = Instant::max();  // set when it begins to close
  Lanes lanes_;
  Door door_;
  std::vector<tcp::acceptor> acceptors_;
  std::thread thread_;
};

Expected<std::unique_ptr<Front>, std::string> Front::start(
    const std::vector<ListenAddress>& addresses, const Limits& limits, const Behind& behind
) {
  auto loop = std::make_unique<Loop>(limits, behind);
  for (const ListenAddress& address : addresses) {
    if (std::string failure = loop->listen(address); !failure.empty()) {
      return Unexpected<std::string>{std::move(failure)};
    }
  }
  loop->run();
  return std::unique_ptr<Front>{new Front{std::move(loop)}};
}

Front::Front(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {
}

Front::~Front() = default;

std::vector<std::uint16_t> Front::ports() const {
  return loop_->ports();
}

}  // namespace pgrepl::http
