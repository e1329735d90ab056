// URIs as people write them, with a password that has an '@'.
#pragma once

#include "support/expected.h"

#include <string>
#include <string_view>

namespace pgrepl::session {

// `text` with each '@' of user and password written as %40, so that libpq reads all of them: libpq
// takes the first '@' for the end of the password, other clients take the last one before the path
// (RFC 3986 allows none but that one). Anything but a postgresql:// or postgres:// URI stays as it
// is. The error says, without a word of the text, how to write a '/' that would be taken for the
// path.
[[nodiscard]] Expected<std::string, std::string> whole_uri(std::string_view text);

}  // namespace pgrepl::session
