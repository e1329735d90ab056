#include "support/captured_log.h"

#include <algorithm>

#include <spdlog/sinks/base_sink.h>

namespace pgrepl::testing {

class CapturedLog::Sink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::vector<std::string> lines() {
    const std::lock_guard lock{mutex_};
    return lines_;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto level = spdlog::level::to_string_view(message.level);
    std::string line{level.data(), level.size()};
    line += ' ';
    line.append(message.logger_name.data(), message.logger_name.size());
    line += ": ";
    line.append(message.payload.data(), message.payload.size());
    lines_.push_back(std::move(line));
  }

  void flush_() override {}

 private:
  std::vector<std::string> lines_;
};

// Loggers made later copy the default logger's sinks or are not captured.
CapturedLog::CapturedLog() : sink_(std::make_shared<Sink>()) {
  spdlog::apply_all([this](const std::shared_ptr<spdlog::logger>& logger) { capture(logger); });
}

CapturedLog::~CapturedLog() {
  for (const auto& [logger, before] : before_) {
    logger->sinks() = before.sinks;
    logger->set_level(before.level);
  }
}

void CapturedLog::capture(const std::shared_ptr<spdlog::logger>& logger) {
  before_[logger] = {logger->sinks(), logger->level()};
  logger->sinks() = {sink_};
  logger->set_level(spdlog::level::trace);
}

std::vector<std::string> CapturedLog::lines() const {
  return sink_->lines();
}

std::size_t CapturedLog::count(std::string_view text) const {
  const auto all = lines();
  return static_cast<std::size_t>(std::count_if(
      all.begin(),
      all.end(),
      [text](const std::string& line) { return line.find(text) != std::string::npos; }
  ));
}

}  // namespace pgrepl::testing
