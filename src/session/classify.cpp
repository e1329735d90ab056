#include "session/classify.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace pgrepl::session {

namespace {

using pg::FailureReason;

// Where in a line a server's SQLSTATE stands: after "FATAL:  ", five of [0-9A-Z], then ": ".
std::optional<std::size_t> find_sql_state(std::string_view line) {
  const auto is_code_character = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  };
  for (std::size_t at = line.find(":  "); at != std::string_view::npos;
       at = line.find(":  ", at + 1)) {
    const std::string_view rest = line.substr(at + 3);
    if (rest.size() > 7 && std::ranges::all_of(rest.substr(0, 5), is_code_character) &&
        rest.substr(5, 2) == ": ") {
      return at + 3;
    }
  }
  return std::nullopt;
}

// libpq's and the C library's own words; both are English as long as no locale is set.
constexpr std::array<std::pair<std::string_view, FailureReason>, 19> kWords{{
    {"Connection refused", FailureReason::Refused},
    {"No such file or directory", FailureReason::Refused},
    {"No route to host", FailureReason::Refused},
    {"Network is unreachable", FailureReason::Refused},
    {"Connection reset by peer", FailureReason::Refused},
    {"timeout expired", FailureReason::Timeout},
    {"Connection timed out", FailureReason::Timeout},
    {"no password supplied", FailureReason::Auth},
    {"SCRAM", FailureReason::Auth},
    {"authentication method", FailureReason::Auth},
    {"server does not support SSL", FailureReason::Tls},
    {"server certificate", FailureReason::Tls},
    {"root certificate", FailureReason::Tls},
    {"certificate file", FailureReason::Tls},
    {"private key file", FailureReason::Tls},
    {"SSL", FailureReason::Tls},
    {"certificate", FailureReason::Tls},
    {"could not translate host name", FailureReason::Dns},
    {"server closed the connection unexpectedly", FailureReason::Refused},
}};

FailureReason classify_words(std::string_view text) {
  const auto* found = std::ranges::find_if(kWords, [text](const auto& word) {
    return text.find(word.first) != std::string_view::npos;
  });
  return found == kWords.end() ? FailureReason::Other : found->second;
}

// A server that ends and one that starts refuse with the same code; only their words differ.
FailureReason reason_of(std::string_view code, std::string_view line) {
  const FailureReason reason = pg::classify_sql_state(code);
  const bool ends = line.find("shutting down") != std::string_view::npos;
  return reason == FailureReason::StartingUp && ends ? FailureReason::ShuttingDown : reason;
}

std::string without_code(std::string_view line, std::size_t code_at) {
  return std::string{line.substr(0, code_at)} + std::string{line.substr(code_at + 7)};
}

}  // namespace

std::string_view first_line(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) {
    return {};
  }
  text = text.substr(begin);
  text = text.substr(0, text.find('\n'));
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

std::string failure_message(std::string_view text, std::string_view doing, int system_error) {
  const std::string_view said = first_line(text);
  if (!said.empty()) {
    return std::string{said};
  }
  const std::string cause = system_error != 0 ? std::generic_category().message(system_error)
                                              : std::string{"libpq and the system give no reason"};
  return std::string{doing} + " failed: " + cause;
}

ConnectError classify_connect_failure(std::string_view text, int system_error) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    const std::string_view line = rest.substr(0, end + 1);
    rest.remove_prefix(end + 1);
    if (const auto code_at = find_sql_state(line)) {
      const std::string_view code = line.substr(*code_at, 5);
      return {
          .reason = reason_of(code, line),
          .message = std::string{first_line(without_code(line, *code_at))},
          .sqlstate = std::string{code},
      };
    }
  }
  std::string message = failure_message(text, "connecting", system_error);
  return {.reason = classify_words(message), .message = std::move(message), .sqlstate = ""};
}

}  // namespace pgrepl::session
