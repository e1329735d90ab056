#include "http/response_head.h"

#include <array>
#include <cstddef>
#include <ctime>

namespace pgrepl::http {

namespace {

// As HTTP writes it (RFC 9110, 5.6.7).
std::string date(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t length =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), length};
}

void add(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string response_head(
    const Response& response,
    std::string_view reason,
    bool stays_open,
    std::chrono::system_clock::time_point now
) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(reason).append("\r\n");
  add(head, "Date", date(now));
  add(head, "Content-Type", response.content_type);
  add(head, "Content-Length", std::to_string(response.content().size()));
  add(head, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) {
    add(head, name, value);
  }
  add(head, "Connection", stays_open ? "keep-alive" : "close");
  return head + "\r\n";
}

}  // namespace pgrepl::http
