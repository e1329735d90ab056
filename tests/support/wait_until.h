// Waiting on a condition with a deadline: what tests do instead of sleeping.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

namespace pgrepl::testing {

// Generous, because sanitizers and busy machines are slow; a condition that holds ends the wait.
inline constexpr std::chrono::seconds kPatience{30};

// True as soon as `condition()` is, false when `patience` passed before.
template <class Condition>
[[nodiscard]] bool wait_until(
    Condition condition, std::chrono::steady_clock::duration patience = kPatience
) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return true;
}

// As wait_until, for what a test cannot go on without: throws, naming what did not happen.
template <class Condition>
void await(
    const std::string& what,
    Condition condition,
    std::chrono::steady_clock::duration patience = kPatience
) {
  if (!wait_until(condition, patience)) {
    throw std::runtime_error("waited in vain until " + what);
  }
}

}  // namespace pgrepl::testing
