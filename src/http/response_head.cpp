#include "http/response_head.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <string_view>
#include <utility>

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

// The statuses we answer with (RFC 9110, 15). Clients read the number alone.
std::string_view reason_of(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 20> kReasons{
      {{200, "OK"},
       {400, "Bad Request"},
       {401, "Unauthorized"},
       {403, "Forbidden"},
       {404, "Not Found"},
       {405, "Method Not Allowed"},
       {408, "Request Timeout"},
       {411, "Length Required"},
       {413, "Content Too Large"},
       {414, "URI Too Long"},
       {417, "Expectation Failed"},
       {429, "Too Many Requests"},
       {431, "Request Header Fields Too Large"},
       {500, "Internal Server Error"},
       {501, "Not Implemented"},
       {502, "Bad Gateway"},
       {503, "Service Unavailable"},
       {504, "Gateway Timeout"},
       {505, "HTTP Version Not Supported"},
       {507, "Insufficient Storage"}}};
  const auto* const found =
      std::ranges::find(kReasons, status, [](const auto& r) { return r.first; });
  return found == kReasons.end() ? std::string_view{"Unknown"} : found->second;
}

void add(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string response_head(const Response& response, std::chrono::system_clock::time_point now) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(reason_of(response.status)).append("\r\n");
  add(head, "Date", date(now));
  add(head, "Content-Type", response.content_type);
  add(head, "Content-Length", std::to_string(response.content().size()));
  add(head, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) {
    add(head, name, value);
  }
  return head;
}

}  // namespace pgrepl::http
