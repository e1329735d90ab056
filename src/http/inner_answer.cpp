#include "http/inner_answer.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace pgrepl::http {

namespace {

// "Name: value" has the name `name`, which is in lower case.
bool is_header(std::string_view line, std::string_view name) {
  const auto same = [](unsigned char a, char b) { return std::tolower(a) == b; };
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::ranges::equal(line.substr(0, name.size()), name, same);
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  Number number{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc{} ? std::optional{number} : std::nullopt;
}

}  // namespace

std::optional<InnerAnswerHead> parse_inner_answer(std::string_view bytes) {
  constexpr std::string_view kBegin = "HTTP/1.1 ";
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos || !bytes.starts_with(kBegin)) {
    return std::nullopt;
  }
  const auto status = number_in<int>(bytes.substr(kBegin.size(), 3));
  if (!status) {
    return std::nullopt;
  }
  InnerAnswerHead head{.status = *status, .text = {}, .length = {}, .size = end + 4};
  std::string_view rest = bytes.substr(0, end + 2);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n") + 2);
    rest.remove_prefix(line.size());
    if (is_header(line, "content-length")) {
      head.length = number_in<std::size_t>(line.substr(line.find(':') + 1));
    }
    if (!is_header(line, "connection") && !is_header(line, "keep-alive")) {
      head.text += line;
    }
  }
  return head;
}

}  // namespace pgrepl::http
