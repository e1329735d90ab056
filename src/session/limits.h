// How much of a server's words this process is willing to hold.
#pragma once

#include <cstddef>

namespace pgrepl::session {

struct Limits {
  // Of the answer to one statement, as it comes over the network. A little more is read before that
  // is noticed.
  std::size_t answer_bytes = std::size_t{32} << 20U;
  std::size_t text_bytes = 4096;  // of an error's message; the rest is cut off

  friend bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace pgrepl::session
