#include "session/whole_uri.h"

#include <algorithm>
#include <cstddef>

namespace pgrepl::session {

namespace {

std::string with_escaped_at_signs(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '@') {
      escaped += "%40";
    } else {
      escaped += letter;
    }
  }
  return escaped;
}

// Whether the beginning of an authority is "host:port" or "host", with no word of a login.
bool is_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  return text.find('@') == std::string_view::npos &&
         (port.ends_with(']') || port.find_first_not_of("0123456789") == std::string_view::npos);
}

// Where user, password and hosts end, and the path or the parameters begin. A '?' before the last
// '@' is a letter of the password, as it is for libpq, unless what comes before the '?' is a whole
// address: then parameters have the '@'.
std::size_t end_of_authority(std::string_view rest) {
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::size_t question = std::min(rest.find('?'), slash);
  const std::size_t last = rest.substr(0, slash).rfind('@');
  const bool is_in_password =
      last != std::string_view::npos && question < last && !is_address(rest.substr(0, question));
  return is_in_password ? slash : question;
}

}  // namespace

Expected<std::string, std::string> whole_uri(std::string_view text) {
  const std::size_t start = text.find("://");
  if (!text.starts_with("postgresql://") && !text.starts_with("postgres://")) {
    return std::string{text};
  }
  const std::string_view scheme = text.substr(0, start + 3);
  const std::string_view rest = text.substr(start + 3);
  const std::size_t end = end_of_authority(rest);
  const std::string_view authority = rest.substr(0, end);
  const std::string_view path = rest.substr(end, rest.find('?', end) - end);
  if (path.find('@') != std::string_view::npos) {
    return Unexpected{
        std::string{"an '@' after the first '/'; write %2F for a '/' in a user or "
                    "password, and %40 for an '@' in a database's name"}};
  }
  const std::size_t last = authority.rfind('@');
  const std::size_t login = last == std::string_view::npos ? 0 : last;
  return std::string{scheme} + with_escaped_at_signs(authority.substr(0, login)) +
         std::string{authority.substr(login)} + std::string{path} +
         with_escaped_at_signs(rest.substr(end + path.size()));
}

}  // namespace pgrepl::session
