// The target of a request, "/path?query", read in one way. The front decides by the path which lane
// a request takes, and the handler decides by it what is answered: both must see the same path,
// whatever the client wrote. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pgrepl::http {

// The path of `target`, which begins with '/': percent-decoded once, '\' as '/', without empty
// segments, "." and "..". ".." at the root stays there. Begins with '/', and ends with '/' only
// where the target's path does. "/a//b/../%70" is "/a/p".
[[nodiscard]] std::string path_of(std::string_view target);

// What follows the first '?'; empty without one.
[[nodiscard]] std::string_view query_of(std::string_view target);

}  // namespace pgrepl::http
