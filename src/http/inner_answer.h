// An answer of the HTTP library, as the front reads it from a lane. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pgrepl::http {

// One answer, whole. The line Connection is still to be added: it is about the client's connection.
struct Answer {
  int status = 0;
  std::string head;  // status line and headers, each with its line end; no empty line
  std::string body;
};

struct InnerAnswerHead {
  int status = 0;
  std::string text;                   // as Answer::head
  std::optional<std::size_t> length;  // of the body; absent: it ends with the connection
  std::size_t size = 0;               // bytes up to and with the empty line
};

// Absent: it is not complete, or no answer at all.
[[nodiscard]] std::optional<InnerAnswerHead> parse_inner_answer(std::string_view bytes);

}  // namespace pgrepl::http
