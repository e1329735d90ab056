// Addresses that our login is not sent to, said in the log once each.
#pragma once

#include <cstddef>
#include <set>
#include <string>

namespace pgrepl::discovery {

class Refused {
 public:
  // A server can name as many addresses as it likes, and others each time: no more are said.
  static constexpr std::size_t kMost = 100;

  // Once for each address, and once that no further one is named.
  void say(const std::string& address);

 private:
  std::set<std::string> said_;
};

}  // namespace pgrepl::discovery
