#include "fetch/response.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace pgrepl::fetch {

namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

// Of a header's name (RFC 9110, 5.6.2).
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  });
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return (code < 0x20 && c != '\t') || code == 0x7F;
  });
}

// Digits and nothing else; absent also for a number that does not fit.
std::optional<std::size_t> parse_number(std::string_view text, int base) {
  std::size_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, number, base);
  return problem == std::errc{} && stopped == end ? std::optional{number} : std::nullopt;
}

}  // namespace

void ResponseReader::refuse(std::string reason) {
  at_ = At::Refused;
  refusal_ = std::move(reason);
}

bool ResponseReader::take(std::string_view bytes) {
  while (!bytes.empty() && wants_more()) {
    take_some(bytes);
  }
  return wants_more();
}

void ResponseReader::take_some(std::string_view& bytes) {
  if (at_ == At::BodyOfKnownLength || at_ == At::BodyUntilClosed || at_ == At::Chunk) {
    take_body(bytes);
    return;
  }
  const std::size_t end = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
  line_ += bytes.substr(0, end);
  bytes.remove_prefix(end);
  const bool is_of_head = at_ != At::ChunkSize && at_ != At::ChunkEnd;
  if (line_.size() > (is_of_head ? kLargestHead - head_size_ : kLongestChunkLine)) {
    refuse(
        is_of_head ? "the head of the answer is too long" : "a chunk of the answer is malformed"
    );
    return;
  }
  if (!line_.ends_with('\n')) {
    return;
  }
  head_size_ += is_of_head ? line_.size() : 0;
  const std::string whole = std::exchange(line_, {});
  const std::string_view line =
      std::string_view{whole}.substr(0, whole.find_last_not_of("\r\n") + 1);
  if (whole.size() != line.size() + 2 || has_control_character(line)) {
    refuse(at_ == At::StatusLine ? "the answer is not HTTP" : "a line of the answer is malformed");
    return;
  }
  take_line(line);
}

void ResponseReader::take_line(std::string_view line) {
  switch (at_) {
    case At::StatusLine:
      take_status_line(line);
      return;
    case At::Headers:
      if (line.empty()) {
        end_head();
      } else {
        take_header(line);
      }
      return;
    case At::ChunkSize:
      take_chunk_size(line);
      return;
    case At::ChunkEnd:
      if (line.empty()) {
        at_ = At::ChunkSize;
      } else {
        refuse("a chunk of the answer is malformed");
      }
      return;
    case At::Trailers:
      // Their content means nothing to us.
      at_ = line.empty() ? At::Complete : At::Trailers;
      return;
    case At::BodyOfKnownLength:
    case At::BodyUntilClosed:
    case At::Chunk:
    case At::Complete:
    case At::Refused:
      return;
  }
}

void ResponseReader::take_status_line(std::string_view line) {
  constexpr std::string_view kForm = "HTTP/1.x 200";
  const bool has_form = line.size() >= kForm.size() && line.starts_with("HTTP/1.") &&
                        line[7] >= '0' && line[7] <= '9' && line[8] == ' ' &&
                        (line.size() == kForm.size() || line[kForm.size()] == ' ');
  const auto status = has_form ? parse_number(line.substr(9, 3), 10) : std::nullopt;
  if (!status || *status < 100) {
    refuse("the answer is not HTTP");
    return;
  }
  is_http_1_0_ = line[7] == '0';
  response_.status = static_cast<int>(*status);
  at_ = At::Headers;
}

void ResponseReader::take_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    refuse("a header of the answer is malformed");
    return;
  }
  take_framing(line.substr(0, colon), trimmed(line.substr(colon + 1)));
}

void ResponseReader::take_framing(std::string_view name, std::string_view value) {
  if (is_same_word(name, "content-length")) {
    take_length(value);
  } else if (is_same_word(name, "transfer-encoding")) {
    if (!is_same_word(value, "chunked") || is_chunked_ || is_http_1_0_) {
      refuse("the answer is sent in an encoding that was not asked for");
      return;
    }
    is_chunked_ = true;
  } else if (is_same_word(name, "content-encoding") && !is_same_word(value, "identity")) {
    refuse("the answer is compressed, which was not asked for");
  }
}

void ResponseReader::take_length(std::string_view value) {
  const auto length = parse_number(value, 10);
  if (!length) {
    refuse("the answer's Content-Length is no number");
  } else if (length_ && *length_ != *length) {
    refuse("the answer gives two lengths");
  } else {
    length_ = length;
  }
}

void ResponseReader::end_head() {
  if (is_chunked_ && length_) {
    // One of the two is a lie, and whoever stands between us may believe the other.
    refuse("the answer gives its length in two ways");
  } else if (response_.status == 101) {
    refuse("the answer changes to another protocol");
  } else if (response_.status < 200) {
    // An interim answer, as 103: the real one follows.
    length_.reset();
    is_chunked_ = false;
    at_ = At::StatusLine;
  } else if (response_.status == 204 || response_.status == 304) {
    at_ = At::Complete;  // these have no body, whatever their headers say
  } else if (is_chunked_) {
    at_ = At::ChunkSize;
  } else if (length_) {
    expect_body(*length_, At::BodyOfKnownLength);
  } else {
    at_ = At::BodyUntilClosed;
  }
}

void ResponseReader::expect_body(std::size_t size, At state) {
  if (size > largest_body_ - response_.body.size()) {
    refuse("the answer is larger than " + std::to_string(largest_body_) + " bytes");
    return;
  }
  missing_ = size;
  at_ = missing_ > 0 ? state : At::Complete;
}

void ResponseReader::take_chunk_size(std::string_view line) {
  // What follows ';' are extensions, which may be ignored (RFC 9112, 7.1.1).
  const auto size = parse_number(trimmed(line.substr(0, line.find(';'))), 16);
  if (!size) {
    refuse("a chunk of the answer is malformed");
  } else if (*size == 0) {
    at_ = At::Trailers;
  } else {
    expect_body(*size, At::Chunk);
  }
}

void ResponseReader::take_body(std::string_view& bytes) {
  if (at_ == At::BodyUntilClosed) {
    expect_body(bytes.size(), At::BodyUntilClosed);
    if (at_ == At::Refused) {
      return;
    }
  }
  const std::string_view taken = bytes.substr(0, missing_);
  response_.body += taken;
  bytes.remove_prefix(taken.size());
  missing_ -= taken.size();
  if (missing_ == 0 && at_ == At::BodyOfKnownLength) {
    at_ = At::Complete;
  } else if (missing_ == 0 && at_ == At::Chunk) {
    at_ = At::ChunkEnd;
  }
}

void ResponseReader::close() {
  if (at_ == At::BodyUntilClosed) {
    at_ = At::Complete;
  } else if (at_ == At::StatusLine && line_.empty() && head_size_ == 0) {
    refuse("the connection was closed without an answer");
  } else if (at_ == At::StatusLine && !std::string_view{"HTTP/1."}.starts_with(std::string_view{line_}.substr(0, 7))) {
    refuse("the answer is not HTTP");
  } else if (wants_more()) {
    refuse("the answer is cut off");
  }
}

Expected<Response, std::string> ResponseReader::result() {
  if (at_ == At::Refused) {
    return Unexpected{refusal_};
  }
  if (at_ != At::Complete) {
    return Unexpected<std::string>{"the answer is cut off"};
  }
  return std::move(response_);
}

}  // namespace pgrepl::fetch
