// A free TCP port of the loopback interface, ours alone among all processes that use this class.
#pragma once

#include <cstdint>
#include <utility>

namespace pgrepl::testing {

class ReservedPort {
 public:
  ReservedPort();
  ~ReservedPort();
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;

  [[nodiscard]] std::uint16_t number() const { return number_; }

 private:
  std::uint16_t number_ = 0;
  int lock_ = -1;
};

}  // namespace pgrepl::testing
