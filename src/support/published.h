// One value that a writer replaces and any thread reads. A mutex and not
// std::atomic<std::shared_ptr>: ThreadSanitizer reports a race inside libstdc++ 12's.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace pgrepl {

template <class T>
class Published {
 public:
  void publish(std::shared_ptr<const T> value) {
    const std::lock_guard lock{mutex_};
    current_.swap(value);
  }

  // Null until the first publish.
  [[nodiscard]] std::shared_ptr<const T> current() const {
    const std::lock_guard lock{mutex_};
    return current_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> current_;
};

}  // namespace pgrepl
