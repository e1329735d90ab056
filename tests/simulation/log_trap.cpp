#include "simulation/log_trap.h"

#include <utility>

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace pgrepl::simulation {

// One thread runs all of it.
class LogTrap::Sink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  std::vector<std::string> lines;

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    lines.emplace_back(message.payload.data(), message.payload.size());
  }

  void flush_() override {}
};

LogTrap::LogTrap() : sink_(std::make_shared<Sink>()) {
  spdlog::default_logger()->sinks() = {sink_};
  spdlog::default_logger()->set_level(spdlog::level::warn);
}

LogTrap::~LogTrap() {
  spdlog::default_logger()->sinks().clear();
}

std::vector<std::string> LogTrap::take() {
  return std::exchange(sink_->lines, {});
}

}  // namespace pgrepl::simulation
