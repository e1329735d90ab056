// Collects the warnings and errors that the code under simulation logs; nothing is printed.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace pgrepl::simulation {

class LogTrap {
 public:
  // From now on the default logger of spdlog writes to this one only.
  LogTrap();
  ~LogTrap();
  LogTrap(const LogTrap&) = delete;
  LogTrap& operator=(const LogTrap&) = delete;

  // Those since the last call.
  [[nodiscard]] std::vector<std::string> take();

 private:
  class Sink;
  std::shared_ptr<Sink> sink_;
};

}  // namespace pgrepl::simulation
