// Collects what spdlog's loggers write while the object lives, and nothing goes to the terminal.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>

namespace pgrepl::testing {

class CapturedLog {
 public:
  CapturedLog();
  ~CapturedLog();
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  // "level logger: message", one per line that was logged.
  [[nodiscard]] std::vector<std::string> lines() const;

  // How many lines hold this text.
  [[nodiscard]] std::size_t count(std::string_view text) const;

  [[nodiscard]] bool contains(std::string_view text) const { return count(text) > 0; }

 private:
  class Sink;

  // What a logger had before.
  struct Before {
    std::vector<spdlog::sink_ptr> sinks;
    spdlog::level::level_enum level;
  };

  void capture(const std::shared_ptr<spdlog::logger>& logger);

  std::shared_ptr<Sink> sink_;
  std::map<std::shared_ptr<spdlog::logger>, Before> before_;
};

}  // namespace pgrepl::testing
