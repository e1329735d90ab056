#include "http/lanes.h"

#include <array>
#include <exception>
#include <limits>
#include <string_view>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

namespace pgrepl::http {

namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto kForOpening = 10s;
constexpr auto kPauseAfterFailure = 100ms;
// Answered by the server before any handler; see InnerHop.
constexpr std::string_view kGreeting = "GET / HTTP/1.1\r\nHost: lane\r\n\r\n";

std::size_t index_of(LaneKind kind) {
  return static_cast<std::size_t>(kind);
}

// How many bytes an answer with this head has.
std::size_t whole_size(const InnerAnswerHead& head, bool has_body) {
  constexpr auto kToTheEnd = std::numeric_limits<std::size_t>::max();
  return has_body && !head.length ? kToTheEnd : head.size + (has_body ? *head.length : 0);
}

// However a job ends, who waits for it is told.
class Completion {
 public:
  explicit Completion(Job& job) : job_(job) {}

  ~Completion() {
    job_.is_done = true;
    job_.done.cancel();
  }

  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

 private:
  Job& job_;
};

}  // namespace

struct Lanes::Lane {
  Lane(asio::io_context& io, InnerHop& inner_hop, LaneKind its_kind)
      : kind(its_kind), socket(io), wake(io), hop(inner_hop) {}

  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  ~Lane() { close(); }

  void close() {
    if (source_port != 0) {
      hop.strike(source_port);
      source_port = 0;
    }
    asio::error_code ignored;
    socket.close(ignored);
    bytes.clear();
  }

  LaneKind kind;
  tcp::socket socket;
  asio::steady_timer wake;
  InnerHop& hop;
  std::uint16_t source_port = 0;  // 0: not open
  std::string bytes;              // of the answer, as far as they have come
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

Lanes::Lanes(
    asio::io_context& io, tcp::endpoint target, InnerHop& hop, std::chrono::milliseconds patience
)
    : io_(io), target_(std::move(target)), hop_(hop), patience_(patience) {
}

void Lanes::start() {
  for (std::size_t kind = 0; kind < kLanes.size(); ++kind) {
    for (std::size_t i = 0; i < kLanes.at(kind); ++i) {
      auto lane = std::make_shared<Lane>(io_, hop_, static_cast<LaneKind>(kind));
      all_.push_back(lane);
      keep_running(lane);
    }
  }
}

void Lanes::keep_running(const LanePointer& lane) {
  asio::co_spawn(io_, run(lane), [this, lane](const std::exception_ptr& thrown) {
    if (thrown) {
      lane->close();
      keep_running(lane);
    }
  });
}

void Lanes::submit(std::shared_ptr<Job> job) {
  const std::size_t kind = index_of(job->kind);
  const std::string owner = job->owner;
  queues_.at(kind).push(owner, std::move(job));
  auto& idle = idle_.at(kind);
  if (!idle.empty()) {
    const LanePointer lane = idle.back().lock();
    idle.pop_back();
    if (lane) {
      lane->wake.cancel();
    }
  }
}

std::size_t Lanes::waiting(LaneKind kind, const std::string& owner) const {
  return queues_.at(index_of(kind)).size_of(owner);
}

void Lanes::sweep(std::chrono::steady_clock::time_point now) {
  for (const auto& each : all_) {
    if (const LanePointer lane = each.lock(); lane && lane->deadline < now) {
      lane->close();
    }
  }
}

asio::awaitable<void> Lanes::run(LanePointer lane) {
  constexpr auto kNever = std::chrono::steady_clock::time_point::max();
  asio::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  while (true) {
    if (lane->source_port == 0) {
      lane->deadline = std::chrono::steady_clock::now() + kForOpening;
      const bool is_open = co_await open(lane);
      lane->deadline = kNever;
      if (!is_open) {
        lane->close();
        lane->wake.expires_after(kPauseAfterFailure);
        co_await lane->wake.async_wait(token);
      }
      continue;
    }
    auto job = queues_.at(index_of(lane->kind)).pop();
    if (!job) {
      idle_.at(index_of(lane->kind)).push_back(lane);
      lane->wake.expires_at(kNever);
      co_await lane->wake.async_wait(token);
      continue;
    }
    const Completion completion{**job};
    lane->deadline = std::chrono::steady_clock::now() + patience_;
    const bool goes_on = co_await exchange(lane, *job);
    lane->deadline = kNever;
    if (!goes_on) {
      lane->close();
    }
  }
}

asio::awaitable<bool> Lanes::open(LanePointer lane) {
  asio::error_code failure;
  auto token = asio::redirect_error(asio::use_awaitable, failure);
  lane->socket.open(tcp::v4(), failure);
  if (!failure) {
    lane->socket.bind({asio::ip::address_v4::loopback(), 0}, failure);
  }
  if (failure) {
    co_return false;
  }
  lane->source_port = lane->socket.local_endpoint(failure).port();
  hop_.note(lane->source_port);
  co_await lane->socket.async_connect(target_, token);
  if (failure) {
    co_return false;
  }
  asio::error_code ignored;
  lane->socket.set_option(tcp::no_delay{true}, ignored);
  const auto greeting = asio::buffer(kGreeting);
  co_await asio::async_write(lane->socket, greeting, token);
  if (failure) {
    co_return false;
  }
  const auto answer = co_await read_answer(lane, true);
  co_return answer && answer->status == 200;
}

// A lane that the library has closed meanwhile shows it only now; the request goes on another.
asio::awaitable<bool> Lanes::exchange(LanePointer lane, std::shared_ptr<Job> job) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    asio::error_code failure;
    auto token = asio::redirect_error(asio::use_awaitable, failure);
    const auto request = asio::buffer(job->request);
    co_await asio::async_write(lane->socket, request, token);
    if (!failure) {
      job->answer = co_await read_answer(lane, job->has_body);
    }
    const bool was_cut = !job->answer && lane->bytes.empty() && lane->source_port != 0;
    if (!was_cut || attempt > 0) {
      break;
    }
    lane->close();
    const bool is_open = co_await open(lane);
    if (!is_open) {
      break;
    }
  }
  co_return job->answer && lane->source_port != 0;
}

asio::awaitable<std::optional<Answer>> Lanes::read_answer(LanePointer lane, bool has_body) {
  asio::error_code failure;
  auto token = asio::redirect_error(asio::use_awaitable, failure);
  std::array<char, 16384> room{};
  const auto buffer = asio::buffer(room);
  std::optional<InnerAnswerHead> head;
  lane->bytes.clear();
  while (!failure && !(head && lane->bytes.size() >= whole_size(*head, has_body))) {
    const std::size_t count = co_await lane->socket.async_read_some(buffer, token);
    lane->bytes.append(room.data(), count);
    if (!head) {
      head = parse_inner_answer(lane->bytes);
    }
  }
  const bool is_cut =
      head && has_body && head->length && lane->bytes.size() < head->size + *head->length;
  if (!head || is_cut) {
    co_return std::nullopt;
  }
  Answer answer{.status = head->status, .head = std::move(head->text), .body = {}};
  answer.body = lane->bytes.substr(head->size);
  lane->bytes.clear();
  if (failure) {
    lane->close();
  }
  co_return answer;
}

}  // namespace pgrepl::http
