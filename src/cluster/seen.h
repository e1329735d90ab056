// A fact of a server that we may not be allowed to see. "Hidden", "none", "not asked yet" and a
// value are four answers, and only the last two of a server's answers say anything about it.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

namespace pgrepl::cluster {

// Reads like std::optional: it holds when there is a value. Whoever concludes something from the
// absence of a value asks is_none() first: hidden is not none (PostgreSQL shows NULL for both).
template <class T>
class Seen {
 public:
  Seen() = default;  // not asked yet

  Seen(T value) : sight_(Sight::Value), value_(std::move(value)) {}  // NOLINT: as std::optional

  Seen(std::optional<T> value)  // NOLINT: likewise
      : sight_(value ? Sight::Value : Sight::None), value_(std::move(value)) {}

  [[nodiscard]] static Seen none() { return Seen{std::optional<T>{}}; }

  [[nodiscard]] static Seen hidden() {
    Seen seen;
    seen.sight_ = Sight::Hidden;
    return seen;
  }

  [[nodiscard]] bool is_none() const { return sight_ == Sight::None; }

  [[nodiscard]] bool is_hidden() const { return sight_ == Sight::Hidden; }

  [[nodiscard]] bool has_value() const { return value_.has_value(); }

  explicit operator bool() const { return has_value(); }

  [[nodiscard]] const T& operator*() const { return *value_; }

  [[nodiscard]] T& operator*() { return *value_; }

  [[nodiscard]] const T* operator->() const { return &*value_; }

  [[nodiscard]] T* operator->() { return &*value_; }

  [[nodiscard]] const std::optional<T>& value() const { return value_; }

  // There is none, as the server says.
  void reset() { *this = none(); }

 private:
  enum class Sight : std::uint8_t { NotAsked, Hidden, None, Value };

  Sight sight_ = Sight::NotAsked;
  std::optional<T> value_;
};

}  // namespace pgrepl::cluster
