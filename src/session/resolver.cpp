#include "session/resolver.h"

#include <algorithm>
#include <array>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include <asio/ip/address.hpp>
#include <asio/post.hpp>
#include <netdb.h>
#include <sys/socket.h>

namespace pgrepl::session {

namespace {

using Found = Expected<std::vector<std::string>, std::string>;

bool is_address(const std::string& host) {
  asio::error_code problem;
  (void)asio::ip::make_address(host, problem);
  return !problem;
}

}  // namespace

Found look_up_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int problem = getaddrinfo(host.c_str(), nullptr, &hints, &found); problem != 0) {
    return Unexpected<std::string>{gai_strerror(problem)};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, freeaddrinfo};
  std::vector<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(
            entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST
        ) == 0 &&
        std::ranges::find(addresses, text.data()) == addresses.end()) {
      addresses.emplace_back(text.data());
    }
  }
  return addresses;
}

// A coroutine that waits; it lives in its frame.
struct Resolver::Waiter {
  std::string host;
  loop::Alarm* alarm;
  std::optional<Found> result{};
};

// Between the loop and the threads. A name is in `names` from the first question to its answer.
struct Resolver::Shared : std::enable_shared_from_this<Resolver::Shared> {
  HostLookup look_up;
  std::mutex mutex{};
  asio::io_context* io = nullptr;  // null once the resolver is gone
  Resolver* resolver = nullptr;    // for the loop's thread alone
  std::set<std::string> names{};
  std::deque<std::string> queue{};
  std::map<std::string, Found> done{};
  std::size_t threads = 0;

  // What goes wrong in a look-up is its result: nothing may leave a thread.
  Found ask(const std::string& host) const noexcept {
    try {
      return look_up(host);
    } catch (const std::exception& problem) {
      return Unexpected<std::string>{problem.what()};
    }
  }

  void work() {
    std::unique_lock lock{mutex};
    while (io != nullptr && !queue.empty()) {
      const std::string host = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      Found found = ask(host);
      lock.lock();
      names.erase(host);
      done.insert_or_assign(host, std::move(found));
      if (io != nullptr) {
        asio::post(*io, [self = shared_from_this()] {
          if (self->resolver != nullptr) {
            self->resolver->take_results();
          }
        });
      }
    }
    threads -= 1;
  }

  // The reason when there is nobody to do the work.
  std::optional<std::string> add(const std::string& host) {
    const std::lock_guard lock{mutex};
    if (!names.insert(host).second) {
      return std::nullopt;
    }
    queue.push_back(host);
    if (threads >= kMostThreads) {
      return std::nullopt;
    }
    try {
      std::thread{[self = shared_from_this()] { self->work(); }}.detach();
      threads += 1;
    } catch (const std::system_error& problem) {
      if (threads == 0) {
        queue.clear();
        names.clear();
        return "no thread to look up names: " + problem.code().message();
      }
    }
    return std::nullopt;
  }
};

Resolver::Resolver(loop::Loop loop, HostLookup look_up)
    : loop_(loop), shared_(std::make_shared<Shared>()) {
  shared_->look_up = std::move(look_up);
  shared_->io = &loop_.io;
  shared_->resolver = this;
}

Resolver::~Resolver() {
  const std::lock_guard lock{shared_->mutex};
  shared_->io = nullptr;
  shared_->resolver = nullptr;
}

void Resolver::take_results() {
  std::map<std::string, Found> done;
  {
    const std::lock_guard lock{shared_->mutex};
    done.swap(shared_->done);
  }
  for (Waiter* waiter : waiters_) {
    if (const auto found = done.find(waiter->host); found != done.end()) {
      waiter->result = found->second;
      waiter->alarm->cancel();
    }
  }
}

asio::awaitable<Found> Resolver::resolve(std::string host, loop::Instant deadline) {
  if (is_address(host)) {
    std::vector<std::string> itself(1, host);
    co_return itself;
  }
  if (auto problem = shared_->add(host)) {
    co_return Unexpected<std::string>{std::move(*problem)};
  }
  loop::Alarm alarm{loop_};
  Waiter waiter{.host = std::move(host), .alarm = &alarm};

  // Also when this coroutine is destroyed while it waits.
  struct Registration {
    std::vector<Waiter*>& all;
    Waiter* one;

    ~Registration() { std::erase(all, one); }
  } registration{waiters_, &waiter};

  waiters_.push_back(&waiter);
  co_await alarm.wait_until(deadline);
  if (!waiter.result) {
    co_return Unexpected<std::string>{"no answer from the name server in time"};
  }
  co_return std::move(*waiter.result);
}

}  // namespace pgrepl::session
