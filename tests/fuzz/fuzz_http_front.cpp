// What a client may send to the front, and what it reads from a lane.
#include "fuzz/input.h"
#include "http/inner_answer.h"
#include "http/request_head.h"
#include "http/target.h"

#include <algorithm>
#include <string>

namespace {

using namespace pgrepl;

constexpr http::HeadLimits kLimits{.head = 512, .headers = 8, .body = 1000};

bool has_any(std::string_view text, std::string_view characters) {
  return text.find_first_of(characters) != std::string_view::npos;
}

// Nothing of a head can become a line of its own, or end the head that is handed on.
void check(const http::RequestHead& head, std::size_t size) {
  using namespace std::string_view_literals;
  fuzz::promise(head.size > 0 && head.size <= size);
  fuzz::promise(head.body_size <= kLimits.body && head.headers.size() <= kLimits.headers);
  fuzz::promise(head.target.starts_with('/') && !has_any(head.target, "\r\n\0 #"sv));
  fuzz::promise(head.target.find("%00") == std::string::npos);
  fuzz::promise(!head.method.empty() && !has_any(head.method, "\r\n\0 "sv));
  fuzz::promise(!has_any(head.host, "\r\n\0 /@"sv));
  for (const auto& [name, value] : head.headers) {
    fuzz::promise(!name.empty() && !has_any(name, "\r\n\0 :"sv) && !has_any(value, "\r\n\0"sv));
    fuzz::promise(name != "content-length" && name != "transfer-encoding" && name != "host");
  }
}

// What is handed on is read as the same request, and as nothing more.
void check_handed_on(const http::RequestHead& head) {
  const std::string text = to_text(head);
  // A request of HTTP/1.0 may lack the Host that one of HTTP/1.1 needs.
  if (head.host.empty()) {
    return;
  }
  const auto again = http::parse_request_head(text, {.head = 4096, .headers = 8, .body = 0});
  fuzz::promise(again && *again && (*again)->size == text.size());
  fuzz::promise((*again)->method == head.method);
  fuzz::promise((*again)->target == "/");
  fuzz::promise(text.find(": " + head.target + "\r\n") != std::string::npos);
  const std::string path = http::path_of(head.target);
  fuzz::promise(path.starts_with('/') && (path + '/').find("/../") == std::string::npos);
  fuzz::promise((*again)->host == head.host && (*again)->headers == head.headers);
  fuzz::promise((*again)->body_size == 0);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text(data, size);
  const auto whole = http::parse_request_head(bytes, kLimits);
  if (!whole) {
    fuzz::promise(whole.error().status >= 400 && !whole.error().text.empty());
  } else if (*whole) {
    check(**whole, size);
    check_handed_on(**whole);
  } else {
    fuzz::promise(size < kLimits.head + 4);
  }
  // However the bytes come: the first verdict is the last.
  for (std::size_t part = 0; part < std::min<std::size_t>(size, 600); ++part) {
    const auto early = http::parse_request_head(bytes.substr(0, part), kLimits);
    if (early && *early) {
      fuzz::promise(whole && *whole && (*whole)->size == (*early)->size);
    } else if (!early) {
      fuzz::promise(!whole);
    }
  }
  (void)http::parse_inner_answer(bytes);
  return 0;
}
