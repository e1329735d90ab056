// The head of an HTTP/1 request (RFC 9112), read strictly: what two programs could read in two ways
// is refused. Pure: bytes in, value out.
#pragma once

#include "support/expected.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgrepl::http {

struct RequestHead {
  std::string method;  // one that the HTTP library knows; others are refused with 501
  // Begins with '/'. As sent, or the path and query of an absolute URI. "/" for "OPTIONS *".
  std::string target;
  // Host and port. Of an absolute URI, which counts more than the header Host (RFC 9112, 3.2.2).
  // Empty only in HTTP/1.0.
  std::string host;
  // Names in lower case, values without blanks around them. Without Host, without Content-Length
  // and without those that are about this connection (RFC 9110, 7.6.1) or the front's own.
  std::vector<std::pair<std::string, std::string>> headers;
  std::size_t size = 0;          // bytes up to and with the empty line
  std::size_t body_size = 0;     // bytes that follow
  bool stays_open = false;       // the client may send another request on this connection
  bool awaits_continue = false;  // the client sends its body after "100 Continue" only

  // The value of a header; empty when it was not sent. `name` in lower case.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct HeadMistake {
  int status = 400;       // of the answer
  std::string_view text;  // for people

  friend bool operator==(const HeadMistake&, const HeadMistake&) = default;
};

struct HeadLimits {
  std::size_t head = 8192;   // bytes of the whole head
  std::size_t headers = 60;  // lines; the HTTP library takes 64
  std::size_t body = 8192;   // bytes of the body
};

// Absent: the head is not complete, and more bytes may complete it. After a mistake the connection
// must be closed: where the next request begins is not known.
using ParsedHead = Expected<std::optional<RequestHead>, HeadMistake>;

[[nodiscard]] ParsedHead parse_request_head(std::string_view bytes, const HeadLimits& limits);

// The same request as the HTTP library is to see it: for "/", with the target in the header kTarget
// (http/inner_hop.h), with one Host, without a body.
[[nodiscard]] std::string to_text(const RequestHead& head);

}  // namespace pgrepl::http
