#include "http/request_head.h"

#include "http/inner_hop.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace pgrepl::http {

namespace {

using Mistake = Unexpected<HeadMistake>;
using Failure = std::optional<HeadMistake>;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kMostEmptyLines = 2;  // some clients send one after a body

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_case(std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(), to_lower);
  return lower;
}

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [kMarks](char c) {
    return is_letter(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos;
  });
}

// Visible characters, blanks, tabs, and bytes beyond ASCII (RFC 9110, 5.5).
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

bool is_host(std::string_view text) {
  constexpr std::string_view kMarks = "-._~%:[]!$&'()*+,;=";
  return std::ranges::all_of(text, [kMarks](char c) {
    return is_letter(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos;
  });
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// What stands before `end`, which is taken away with it; all of it where `end` is not found.
std::string_view take(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + end.size());
  return part;
}

// "a, b" has the elements "a" and "b".
template <class Visit>
void for_each_element(std::string_view list, Visit visit) {
  while (!list.empty()) {
    if (const std::string_view element = trim(take(list, ",")); !element.empty()) {
      visit(lower_case(element));
    }
  }
}

Failure refuse(int status, std::string_view text) {
  return HeadMistake{.status = status, .text = text};
}

// What the headers that are about the connection say, until all of them have been read.
struct Framing {
  bool is_1_0 = false;
  std::optional<std::size_t> length;
  std::string transfer_encoding;
  bool has_transfer_encoding = false;
  std::optional<std::string> host;
  bool wants_close = false;
  bool wants_keep_alive = false;
  std::string expectation;
  std::vector<std::string> of_connection;  // headers that Connection names
};

Failure read_version(std::string_view text, Framing& framing) {
  const bool is_http = text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) &&
                       text[6] == '.' && is_digit(text[7]);
  if (!is_http) {
    return refuse(400, "The request line is not of HTTP.");
  }
  if (text[5] != '1') {
    return refuse(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
  }
  framing.is_1_0 = text[7] == '0';
  return {};
}

// Visible ASCII, '%' with two digits behind it, and no zero byte in any form.
Failure check_target(std::string_view target) {
  const bool is_visible = std::ranges::all_of(target, [](char c) { return c > ' ' && c < '\x7F'; });
  if (!is_visible || target.find('#') != std::string_view::npos) {
    return refuse(400, "The target has characters that a URI has not.");
  }
  const std::string_view path = target.substr(0, target.find('?'));
  for (std::size_t at = target.find('%'); at != std::string_view::npos;
       at = target.find('%', at + 1)) {
    const bool is_complete =
        at + 2 < target.size() && is_hex(target[at + 1]) && is_hex(target[at + 2]);
    if (!is_complete && at < path.size()) {
      return refuse(400, "The target has a '%' without two hexadecimal digits.");
    }
    if (target.substr(at, 3) == "%00") {
      return refuse(400, "The target has a zero byte.");
    }
  }
  return {};
}

// "http://host:port/path?query" (RFC 9112, 3.2.2), as clients of a proxy send it.
Failure read_absolute(std::string_view uri, RequestHead& head) {
  std::string_view rest = uri;
  const std::string scheme = lower_case(take(rest, "://"));
  const std::size_t end = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, end);
  if ((scheme != "http" && scheme != "https") || authority.empty() || !is_host(authority)) {
    return refuse(400, "The target is neither a path nor a URI of http.");
  }
  rest.remove_prefix(authority.size());
  head.target = rest.starts_with('/') ? std::string{rest} : '/' + std::string{rest};
  head.host = authority;
  return {};
}

Failure read_target(std::string_view target, RequestHead& head) {
  if (auto mistake = check_target(target)) {
    return mistake;
  }
  if (target.starts_with('/')) {
    head.target = target;
    return {};
  }
  if (target == "*" && head.method == "OPTIONS") {
    head.target = "/";
    return {};
  }
  return read_absolute(target, head);
}

// What it is answered with is the handler's business, mostly 405 (RFC 9110, 9.1).
bool is_known_method(std::string_view method) {
  constexpr std::array<std::string_view, 7> kKnown{
      "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"};
  return std::ranges::find(kKnown, method) != kKnown.end();
}

Failure read_request_line(std::string_view line, RequestHead& head, Framing& framing) {
  const std::string_view method = take(line, " ");
  const std::string_view target = take(line, " ");
  if (!is_token(method) || target.empty()) {
    return refuse(400, "The request line is not of HTTP.");
  }
  head.method = method;
  if (auto mistake = read_version(line, framing)) {
    return mistake;
  }
  if (!is_known_method(method)) {
    return refuse(501, "This method is not known here.");
  }
  return read_target(target, head);
}

// Two lengths are refused even where they are equal: no client of ours sends two.
Failure read_length(std::string_view value, Framing& framing) {
  std::size_t length = 0;
  const char* const end = value.data() + value.size();
  const auto [stopped, problem] = std::from_chars(value.data(), end, length);
  if (value.empty() || !is_digit(value.front()) || problem != std::errc{} || stopped != end) {
    return refuse(400, "Content-Length is no number of bytes.");
  }
  if (framing.length) {
    return refuse(400, "There are two Content-Lengths.");
  }
  framing.length = length;
  return {};
}

Failure read_host(std::string_view value, Framing& framing) {
  if (framing.host) {
    return refuse(400, "There are two headers Host.");
  }
  if (!is_host(value)) {
    return refuse(400, "Host is no name and no address.");
  }
  framing.host = value;
  return {};
}

void read_connection(std::string_view value, Framing& framing) {
  for_each_element(value, [&framing](std::string element) {
    framing.wants_close = framing.wants_close || element == "close";
    framing.wants_keep_alive = framing.wants_keep_alive || element == "keep-alive";
    framing.of_connection.push_back(std::move(element));
  });
}

Failure keep_header(std::string name, std::string_view value, RequestHead& head, Framing& framing) {
  if (name == "content-length") {
    return read_length(value, framing);
  }
  if (name == "host") {
    return read_host(value, framing);
  }
  if (name == "transfer-encoding") {
    framing.has_transfer_encoding = true;
    framing.transfer_encoding += (framing.transfer_encoding.empty() ? "" : ", ");
    framing.transfer_encoding += lower_case(value);
  } else if (name == "connection") {
    read_connection(value, framing);
  } else if (name == "expect") {
    framing.expectation = lower_case(value);
  } else {
    head.headers.emplace_back(std::move(name), value);
  }
  return {};
}

Failure read_header(std::string_view line, RequestHead& head, Framing& framing) {
  if (line.front() == ' ' || line.front() == '\t') {
    return refuse(400, "A header goes on in the next line, which HTTP no longer has.");
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return refuse(400, "A header has no name, or a blank in its name.");
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_field_value(value)) {
    return refuse(400, "A header has a control character.");
  }
  return keep_header(lower_case(line.substr(0, colon)), value, head, framing);
}

Failure check_body(const Framing& framing, const HeadLimits& limits) {
  if (framing.has_transfer_encoding) {
    if (framing.length || framing.is_1_0) {
      return refuse(400, "Transfer-Encoding stands beside a Content-Length, or in HTTP/1.0.");
    }
    return framing.transfer_encoding == "chunked"
               ? refuse(411, "A body needs a Content-Length here.")
               : refuse(501, "This Transfer-Encoding is not understood.");
  }
  if (framing.length.value_or(0) > limits.body) {
    return refuse(413, "The body is too long.");
  }
  if (!framing.expectation.empty() && framing.expectation != "100-continue") {
    return refuse(417, "Only 100-continue may be expected.");
  }
  return {};
}

bool is_of_connection(const std::string& name, const Framing& framing) {
  constexpr std::array<std::string_view, 9> kAlways{
      kTarget,
      kLoginOnly,
      "keep-alive",
      "proxy-connection",
      "proxy-authorization",
      "te",
      "trailer",
      "upgrade",
      "http2-settings"};
  // What the request is about does not go with the connection, whatever Connection names.
  return std::ranges::find(kAlways, name) != kAlways.end() ||
         (name != "authorization" &&
          std::ranges::find(framing.of_connection, name) != framing.of_connection.end());
}

Failure finish(RequestHead& head, const Framing& framing, const HeadLimits& limits) {
  if (!framing.is_1_0 && !framing.host) {
    return refuse(400, "HTTP/1.1 needs the header Host.");
  }
  if (head.host.empty()) {
    head.host = framing.host.value_or("");
  }
  if (auto mistake = check_body(framing, limits)) {
    return mistake;
  }
  std::erase_if(head.headers, [&framing](const auto& header) {
    return is_of_connection(header.first, framing);
  });
  head.body_size = framing.length.value_or(0);
  head.stays_open = !framing.wants_close && (!framing.is_1_0 || framing.wants_keep_alive);
  head.awaits_continue = !framing.is_1_0 && !framing.expectation.empty() && head.body_size > 0;
  return {};
}

// `text` has every line of the head with its end, and not the empty line.
ParsedHead parse_lines(std::string_view text, const HeadLimits& limits) {
  RequestHead head;
  Framing framing;
  if (auto mistake = read_request_line(take(text, kLineEnd), head, framing)) {
    return Mistake{*mistake};
  }
  std::size_t count = 0;
  while (!text.empty()) {
    if (++count > limits.headers) {
      return Mistake{HeadMistake{431, "There are too many headers."}};
    }
    if (auto mistake = read_header(take(text, kLineEnd), head, framing)) {
      return Mistake{*mistake};
    }
  }
  if (auto mistake = finish(head, framing, limits)) {
    return Mistake{*mistake};
  }
  return head;
}

// A request that can no longer become one is refused without waiting for its end.
Failure check_incomplete(std::string_view text, const HeadLimits& limits) {
  const std::size_t first_end = text.find('\n');
  const std::string_view first = text.substr(0, first_end);
  if (first_end != std::string_view::npos && (first.empty() || first.back() != '\r')) {
    return refuse(400, "A line ends without a carriage return.");
  }
  if (!text.empty() && !is_token(text.substr(0, 1))) {
    return refuse(400, "The request line is not of HTTP.");
  }
  if (text.size() < limits.head) {
    return {};
  }
  return first_end == std::string_view::npos ? refuse(414, "The target is too long.")
                                             : refuse(431, "The headers are too long.");
}

}  // namespace

std::string_view RequestHead::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

ParsedHead parse_request_head(std::string_view bytes, const HeadLimits& limits) {
  std::size_t skipped = 0;
  while (skipped < kMostEmptyLines * kLineEnd.size() && bytes.starts_with(kLineEnd)) {
    bytes.remove_prefix(kLineEnd.size());
    skipped += kLineEnd.size();
  }
  if (bytes == "\r") {
    return std::optional<RequestHead>{};  // half an empty line
  }
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos || end + 4 > limits.head) {
    if (auto mistake = check_incomplete(bytes.substr(0, limits.head), limits)) {
      return Mistake{*mistake};
    }
    return std::optional<RequestHead>{};
  }
  auto parsed = parse_lines(bytes.substr(0, end + kLineEnd.size()), limits);
  if (parsed) {
    (*parsed)->size = skipped + end + 4;
  }
  return parsed;
}

std::string to_text(const RequestHead& head) {
  std::string text = head.method + " / HTTP/1.1\r\n" + kTarget + ": " + head.target + "\r\n";
  if (!head.host.empty()) {
    text += "Host: " + head.host + "\r\n";
  }
  for (const auto& [name, value] : head.headers) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  return text + "\r\n";
}

}  // namespace pgrepl::http
