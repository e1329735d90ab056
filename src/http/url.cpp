#include "http/url.h"

#include "http/listen_address.h"

#include <string_view>

namespace pgrepl::http {

namespace {

Unexpected<std::string> mistake(const std::string& text) {
  return Unexpected<std::string>{"expected http://host:port, found '" + text + "'"};
}

}  // namespace

Expected<Url, std::string> Url::parse(const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme) || text.find_first_of("@?# \t\r\n") != std::string::npos) {
    return mistake(text);
  }
  const std::size_t slash = text.find('/', kScheme.size());
  std::string authority = text.substr(kScheme.size(), slash - kScheme.size());
  const std::size_t after_brackets = authority.rfind(']') + 1;  // 0 without any
  if (authority.find(':', after_brackets) == std::string::npos) {
    authority += ":80";
  }
  const auto address = ListenAddress::parse(authority);
  if (!address || address->host.empty() || address->port == 0) {
    return mistake(text);
  }
  Url url{.host = address->host, .port = address->port, .path = {}};
  if (slash != std::string::npos) {
    url.path = text.substr(slash);
    url.path.erase(url.path.find_last_not_of('/') + 1);
  }
  return url;
}

}  // namespace pgrepl::http
