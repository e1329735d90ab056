#include "loop/finish_by.h"

#include <exception>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

namespace pgrepl::loop {

namespace {

// Of one piece of work; it lives in the frame of finish_by(), which waits for its end.
struct Course {
  Alarm& alarm;
  asio::cancellation_signal cancel{};
  bool ended = false;
  std::exception_ptr problem{};

  void end(const std::exception_ptr& thrown) {
    ended = true;
    problem = thrown;
    alarm.cancel();
  }
};

void start(const asio::any_io_executor& executor, asio::awaitable<void> work, Course& course) {
  asio::co_spawn(
      executor,
      std::move(work),
      asio::bind_cancellation_slot(
          course.cancel.slot(), [&course](const std::exception_ptr& thrown) { course.end(thrown); }
      )
  );
}

}  // namespace

asio::awaitable<bool> finish_by(Alarm& alarm, asio::awaitable<void> work, Instant deadline) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  // A cancelled caller still has to see the work end: the work refers to the caller's frame.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  Course course{.alarm = alarm};
  start(executor, std::move(work), course);
  co_await alarm.wait_until(deadline);
  const bool in_time = course.ended;
  if (!course.ended) {
    course.cancel.emit(asio::cancellation_type::terminal);
  }
  while (!course.ended) {
    co_await alarm.wait_until(Instant::max());
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (course.problem && in_time) {
    std::rethrow_exception(course.problem);
  }
  co_return in_time;
}

}  // namespace pgrepl::loop
