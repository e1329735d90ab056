#include "log/log.h"

#include <atomic>

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace pgrepl::log {

namespace {

std::atomic<Format> chosen_format{Format::Logfmt};

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warning:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string json_text(std::string_view text) {
  // Invalid UTF-8 (an old server's message) is replaced, not refused.
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string logfmt_value(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_of(" =\"\\\n\r\t") == std::string_view::npos;
  return plain ? std::string{text} : json_text(text);
}

std::string as_logfmt(
    std::string_view component, std::string_view message, std::initializer_list<Field> fields
) {
  std::string line = "component=" + std::string{component} + " msg=" + json_text(message);
  for (const Field& field : fields) {
    line += ' ' + std::string{field.key} + '=' + logfmt_value(field.value);
  }
  return line;
}

std::string as_json(
    std::string_view component, std::string_view message, std::initializer_list<Field> fields
) {
  std::string line = "\"component\":" + json_text(component) + ",\"msg\":" + json_text(message);
  for (const Field& field : fields) {
    line += ',' + json_text(field.key) + ':' + json_text(field.value);
  }
  return line;
}

}  // namespace

std::optional<Level> parse_level(std::string_view text) {
  if (text == "debug") {
    return Level::Debug;
  }
  if (text == "info") {
    return Level::Info;
  }
  if (text == "warn" || text == "warning") {
    return Level::Warning;
  }
  return text == "error" ? std::optional{Level::Error} : std::nullopt;
}

void configure(Level least, Format format) {
  chosen_format = format;
  auto logger = spdlog::stderr_logger_mt("pg_replication_exporter");
  logger->set_level(to_spdlog(least));
  logger->set_pattern(
      format == Format::Json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                             : "ts=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v",
      spdlog::pattern_time_type::utc
  );
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void write(
    Level level,
    std::string_view component,
    std::string_view message,
    std::initializer_list<Field> fields
) {
  if (!spdlog::default_logger_raw()->should_log(to_spdlog(level))) {
    return;
  }
  const bool json = chosen_format == Format::Json;
  spdlog::default_logger_raw()->log(
      to_spdlog(level),
      spdlog::string_view_t{
          json ? as_json(component, message, fields) : as_logfmt(component, message, fields)}
  );
}

}  // namespace pgrepl::log
