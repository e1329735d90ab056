// A whole request, up to its answer: method, path and query string, one a line, then headers.
#include "endpoints/endpoints.h"
#include "fuzz/page.h"
#include "http/basic_auth.h"
#include "support/builders.h"
#include "unit/endpoints/fixed_source.h"
#include "unit/pages/picture_fixture.h"

#include <array>
#include <map>
#include <string>

namespace {

using namespace pgrepl;

http::FixedSource& source() {
  static http::FixedSource kSource;
  if (kSource.seen == nullptr) {
    kSource.snapshot = std::make_shared<Snapshot>(Snapshot{
        .page = "# HELP pg_up Up\n# TYPE pg_up gauge\npg_up 1\n", .taken = {}});
    kSource.seen = std::make_shared<pages::Picture>(pages::picture_of({pages::healthy_pair()}));
    kSource.log = std::make_shared<cluster::EventLog>();
  }
  return kSource;
}

http::Request read(std::string_view rest) {
  http::Request request;
  request.method = fuzz::take(rest, '\n');
  request.path = fuzz::take(rest, '\n');
  request.query = fuzz::take(rest, '\n');
  while (!rest.empty()) {
    std::string_view value = fuzz::take(rest, '\n');
    const std::string name{fuzz::take(value, ':')};
    request.headers[name] = value;
  }
  return request;
}

void promise_response(const http::Response& response) {
  constexpr std::array kStatuses{200, 400, 403, 404, 405, 503};
  fuzz::promise(std::ranges::find(kStatuses, response.status) != kStatuses.end());
  bool packed = false;
  for (const auto& [name, value] : response.headers) {
    fuzz::promise((name + value).find_first_of("\r\n") == std::string::npos);
    packed = packed || name == "Content-Encoding";
  }
  fuzz::promise(response.content_type.find_first_of("\r\n") == std::string::npos);
  if (response.content_type == "application/json" && !packed) {
    fuzz::promise_json(response.body);
  }
}

// Nobody gets in without the password, which is "open sesame".
void promise_login(const std::string& header) {
  static http::BasicAuth auth;
  static const std::map<std::string, pg::Secret> kUsers{
      {"ali", pg::Secret{"$2b$04$JvOeXHKUcIZ9pNRDWGYhu.NS9BmJ0dTffQhy1NB4Y4H6Jcbe4V.Bi"}}};
  const http::Login login = http::parse_basic_authorization(header);
  fuzz::promise(login.user.find(':') == std::string::npos);
  fuzz::promise((login.user + login.password).find('\0') == std::string::npos);
  // bcrypt costs more for others than is worth it here.
  if (login.user == "ali") {
    fuzz::promise(auth.admits(header, kUsers) == (login.password == "open sesame"));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const http::Handler kHandler =
      http::make_handler(source(), {.telemetry_path = "/metrics", .lifecycle = true});
  const http::Request request = read(fuzz::text(data, size));
  promise_response(kHandler(request));
  const auto timeout = http::scrape_timeout(request);
  fuzz::promise(timeout.count() >= 0 && timeout <= std::chrono::minutes{1});
  const auto authorization = request.headers.find("authorization");
  if (authorization != request.headers.end()) {
    promise_login(authorization->second);
  }
  return 0;
}
