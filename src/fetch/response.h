// Reads the answer to one HTTP/1.1 request (RFC 9112) from bytes as they come. No I/O.
#pragma once

#include "support/expected.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgrepl::fetch {

struct Response {
  int status = 0;
  std::string body;
};

class ResponseReader {
 public:
  // The status line and all headers and trailers together.
  static constexpr std::size_t kLargestHead = 64U << 10U;
  static constexpr std::size_t kLongestChunkLine = 4U << 10U;

  // A body of more than `largest_body` bytes is refused as soon as that is known.
  explicit ResponseReader(std::size_t largest_body) : largest_body_(largest_body) {}

  // The bytes that came next; false when no more are needed: the answer is complete or refused.
  // What follows a complete answer is ignored.
  bool take(std::string_view bytes);

  // The other side has closed the connection. An answer without a length ends with it.
  void close();

  // The answer; or one sentence that says what is wrong with it: it is no HTTP, it is cut off, it
  // is too large, it gives its length in two ways. The body is moved out.
  [[nodiscard]] Expected<Response, std::string> result();

 private:
  enum class At : std::uint8_t {
    StatusLine,
    Headers,
    BodyOfKnownLength,
    BodyUntilClosed,
    ChunkSize,
    Chunk,
    ChunkEnd,
    Trailers,
    Complete,
    Refused,
  };

  [[nodiscard]] bool wants_more() const { return at_ != At::Complete && at_ != At::Refused; }

  void take_some(std::string_view& bytes);
  void take_line(std::string_view line);
  void take_body(std::string_view& bytes);
  void take_status_line(std::string_view line);
  void take_header(std::string_view line);
  void take_framing(std::string_view name, std::string_view value);
  void take_length(std::string_view value);
  void take_chunk_size(std::string_view line);
  void end_head();
  void expect_body(std::size_t size, At state);
  void refuse(std::string reason);

  std::size_t largest_body_;
  At at_ = At::StatusLine;
  std::string line_{};         // the part of a line that has come so far
  std::size_t head_size_ = 0;  // bytes of head and trailers
  bool is_http_1_0_ = false;
  bool is_chunked_ = false;
  std::optional<std::size_t> length_{};
  std::size_t missing_ = 0;  // bytes of the body or chunk
  Response response_{};
  std::string refusal_{};
};

}  // namespace pgrepl::fetch
