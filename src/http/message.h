// What the HTTP server hands to the program, and what it gets back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgrepl::http {

struct Request {
  std::string method;  // HEAD arrives as GET: the server leaves the body out
  std::string path;    // as path_of() has it: decoded, without "..", begins with '/'
  std::string query;   // as sent, without '?'
  // Names in lower case. The values of a name that came twice are joined by ", ".
  std::map<std::string, std::string> headers;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides type and length
  // In place of the body: a page, which may be long, is not copied to be sent.
  std::shared_ptr<const std::string> page{};

  [[nodiscard]] std::string_view content() const { return page ? *page : body; }
};

// Called from several threads at once. An exception becomes a 500.
using Handler = std::function<Response(const Request&)>;

}  // namespace pgrepl::http
