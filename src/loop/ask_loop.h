// How another thread asks the loop something and waits for the answer. Nobody polls: the answer,
// the loss of the answer and the end of the loop each wake the asker at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

namespace pgrepl::loop {

namespace detail {

// What an asker waits for.
class Question {
 public:
  virtual ~Question() = default;
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  // There will be no answer.
  void give_up();

 protected:
  Question() = default;

  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
};

template <class T>
class QuestionFor : public Question {
 public:
  void answer(T value) {
    const std::lock_guard lock{mutex_};
    if (!is_over_) {
      answer_.emplace(std::move(value));
      is_over_ = true;
      over_.notify_all();
    }
  }

  [[nodiscard]] std::optional<T> wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock{mutex_};
    over_.wait_for(lock, timeout, [this] { return is_over_; });
    is_over_ = true;
    return std::move(answer_);
  }

 private:
  std::optional<T> answer_;
};

}  // namespace detail

// The way back to the asker. Whoever destroys it without an answer has refused one.
template <class T>
class Reply {
 public:
  explicit Reply(std::shared_ptr<detail::QuestionFor<T>> question)
      : question_(std::move(question)) {}

  ~Reply() {
    if (question_) {
      question_->give_up();
    }
  }

  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) = delete;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  void send(T value) { question_->answer(std::move(value)); }

 private:
  std::shared_ptr<detail::QuestionFor<T>> question_;
};

// Of one loop; outlives all who ask.
class Questions {
 public:
  explicit Questions(asio::io_context& io) : io_(io) {}

  // For any thread but the loop's: calls `f` on the loop with a Reply<T>, and waits for the answer.
  // Absent when there is none within `timeout`, when the reply was dropped, or after close(). `f`
  // runs even when nobody waits any more.
  template <class T, class F>
  [[nodiscard]] std::optional<T> ask(std::chrono::milliseconds timeout, F f) {
    auto question = std::make_shared<detail::QuestionFor<T>>();
    if (!open(question)) {
      return std::nullopt;
    }
    asio::post(io_, [f = std::move(f), reply = Reply<T>{question}]() mutable {
      f(std::move(reply));
    });
    auto answer = question->wait(timeout);
    forget(question);
    return answer;
  }

  // From any thread: the loop answers nobody any more.
  void close();

 private:
  [[nodiscard]] bool open(const std::shared_ptr<detail::Question>& question);
  void forget(const std::shared_ptr<detail::Question>& question);

  asio::io_context& io_;
  std::mutex mutex_;
  std::set<std::shared_ptr<detail::Question>> waiting_;
  bool closed_ = false;
};

}  // namespace pgrepl::loop
