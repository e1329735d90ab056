#include "session/errands.h"

#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include <asio/post.hpp>

namespace pgrepl::session {

// A coroutine that waits; it lives in its frame.
struct Errands::Waiter {
  std::string key;
  loop::Alarm* alarm;
  std::optional<Brought> result{};
};

// Between the loop and the threads. A key is in `keys` from the first question to its answer.
struct Errands::Shared : std::enable_shared_from_this<Errands::Shared> {
  std::mutex mutex{};
  asio::io_context* io = nullptr;  // null once the owner is gone
  // For the loop's thread alone.
  Errands* owner = nullptr;
  std::vector<Waiter*> waiters{};
  std::set<std::string> keys{};
  std::deque<std::pair<std::string, Errand>> queue{};
  std::map<std::string, Brought> done{};
  std::size_t threads = 0;

  // What goes wrong in an errand is its result: nothing may leave a thread.
  static Brought bring(const Errand& errand) noexcept {
    try {
      return errand();
    } catch (const std::exception& problem) {
      return Unexpected<std::string>{problem.what()};
    }
  }

  void work() {
    std::unique_lock lock{mutex};
    while (io != nullptr && !queue.empty()) {
      auto [key, errand] = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      Brought brought = bring(errand);
      lock.lock();
      keys.erase(key);
      done.insert_or_assign(std::move(key), std::move(brought));
      if (io != nullptr) {
        asio::post(*io, [self = shared_from_this()] {
          if (self->owner != nullptr) {
            self->owner->take_results();
          }
        });
      }
    }
    threads -= 1;
  }

  // The reason when there is nobody to do the work.
  std::optional<std::string> add(const std::string& key, Errand errand) {
    const std::lock_guard lock{mutex};
    if (!keys.insert(key).second) {
      return std::nullopt;
    }
    queue.emplace_back(key, std::move(errand));
    if (threads >= kMostThreads) {
      return std::nullopt;
    }
    try {
      std::thread{[self = shared_from_this()] { self->work(); }}.detach();
      threads += 1;
    } catch (const std::system_error& problem) {
      if (threads == 0) {
        queue.clear();
        keys.clear();
        return "no thread for it: " + problem.code().message();
      }
    }
    return std::nullopt;
  }
};

Errands::Errands(loop::Loop loop) : loop_(loop), shared_(std::make_shared<Shared>()) {
  shared_->io = &loop_.io;
  shared_->owner = this;
}

Errands::~Errands() {
  const std::lock_guard lock{shared_->mutex};
  shared_->io = nullptr;
  shared_->owner = nullptr;
}

void Errands::take_results() {
  std::map<std::string, Brought> done;
  {
    const std::lock_guard lock{shared_->mutex};
    done.swap(shared_->done);
  }
  for (Waiter* waiter : shared_->waiters) {
    if (const auto found = done.find(waiter->key); found != done.end()) {
      waiter->result = found->second;
      waiter->alarm->cancel();
    }
  }
}

asio::awaitable<std::optional<Brought>> Errands::run(
    std::string key, Errand errand, loop::Instant deadline
) {
  if (auto problem = shared_->add(key, std::move(errand))) {
    co_return Unexpected<std::string>{std::move(*problem)};
  }
  loop::Alarm alarm{loop_};
  Waiter waiter{.key = std::move(key), .alarm = &alarm};

  // Also when this coroutine is destroyed while it waits, perhaps after the owner.
  struct Registration {
    std::shared_ptr<Shared> with;
    Waiter* one;

    ~Registration() { std::erase(with->waiters, one); }
  } const registration{shared_, &waiter};

  shared_->waiters.push_back(&waiter);
  co_await alarm.wait_until(deadline);
  co_return std::move(waiter.result);
}

}  // namespace pgrepl::session
