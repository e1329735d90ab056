#include "log/log.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace pgrepl::log {

namespace {

std::atomic<Format> chosen_format{Format::Logfmt};

// Each takes a few hundred bytes, from the start on.
constexpr std::size_t kMostWaiting = 1000;

constexpr const char* kLogger = "pg_replication_exporter";

// The thread that writes, and the lines that wait for it; null while lines are written at once. It
// is never destroyed at the end of the process, where it might wait for a reader for ever.
std::shared_ptr<spdlog::details::thread_pool>& background() {
  static auto* const pool = new std::shared_ptr<spdlog::details::thread_pool>;
  return *pool;
}

void use_logger(std::shared_ptr<spdlog::logger> logger, spdlog::level::level_enum least) {
  logger->set_level(least);
  logger->set_pattern(
      chosen_format == Format::Json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                    : "ts=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v",
      spdlog::pattern_time_type::utc
  );
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

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

// JSON escapes the control characters of ASCII. Terminals obey those after ASCII as well: DEL, and
// U+0080 to U+009F, which are 0xC2 and one byte more in UTF-8.
std::string without_terminal_controls(std::string_view text) {
  std::string safe;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    if (byte == 0x7f) {
      safe += "\\u007f";
    } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      safe += next < 0x90 ? "\\u008" : "\\u009";
      safe += kDigits[next & 0x0fU];
      i += 1;
    } else {
      safe += text[i];
    }
  }
  return safe;
}

std::string json_text(std::string_view text) {
  // Invalid UTF-8 (an old server's message) is replaced, not refused.
  return without_terminal_controls(
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
  );
}

// Visible ASCII that logfmt gives no meaning to.
bool is_plain(char letter) {
  return letter > ' ' && letter < '\x7f' && letter != '=' && letter != '"' && letter != '\\';
}

std::string logfmt_value(std::string_view text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, is_plain);
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
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  use_logger(std::make_shared<spdlog::logger>(kLogger, std::move(sink)), to_spdlog(least));
}

void write_in_background() {
  background() = std::make_shared<spdlog::details::thread_pool>(kMostWaiting, 1);
  const auto before = spdlog::default_logger();
  use_logger(
      std::make_shared<spdlog::async_logger>(
          kLogger,
          before->sinks().begin(),
          before->sinks().end(),
          background(),
          spdlog::async_overflow_policy::overrun_oldest
      ),
      before->level()
  );
}

std::uint64_t dropped_lines() {
  return background() ? background()->overrun_counter() : 0;
}

bool finish(std::chrono::milliseconds patience) {
  auto pool = std::exchange(background(), nullptr);
  if (pool == nullptr) {
    return true;
  }
  const auto logger = spdlog::default_logger();
  std::promise<void> written;
  auto done = written.get_future();
  // The end of the pool writes what waits, and lasts as long as the reader makes it last.
  std::thread{[pool = std::move(pool), written = std::move(written)]() mutable {
    pool.reset();
    written.set_value();
  }}.detach();
  if (done.wait_for(patience) != std::future_status::ready) {
    return false;
  }
  use_logger(
      std::make_shared<spdlog::logger>(kLogger, logger->sinks().begin(), logger->sinks().end()),
      logger->level()
  );
  return true;
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
