#include "http/web_settings.h"

#include "files/read.h"
#include "http/inner_hop.h"
#include "http/tls_context.h"
#include "log/log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <strings.h>

namespace pgrepl::http {

namespace {

std::string read_pem(const config::Pem& pem, Errors& errors) {
  if (pem.file.empty()) {
    return pem.text ? pem.text->reveal() : std::string{};
  }
  auto text = files::read(pem.file);
  if (!text) {
    errors.push_back({{.file = pem.file}, "this file of the web configuration " + text.error()});
    return {};
  }
  return std::move(*text);
}

void set_header(Response& response, const std::string& name, const std::string& value) {
  // The server sends this one with every answer.
  if (name == "X-Content-Type-Options") {
    return;
  }
  const auto same = std::ranges::find_if(response.headers, [&name](const auto& header) {
    return ::strcasecmp(header.first.c_str(), name.c_str()) == 0;
  });
  if (same == response.headers.end()) {
    response.headers.emplace_back(name, value);
  } else {
    same->second = value;
  }
}

Response unauthorized() {
  return {
      .status = 401,
      .body = "Unauthorized\n",
      .headers = {{"WWW-Authenticate", "Basic realm=\"pg_replication_exporter\""}}};
}

}  // namespace

Expected<std::unique_ptr<WebSettings>, Errors> WebSettings::open(std::string file) {
  std::unique_ptr<WebSettings> settings{new WebSettings{std::move(file)}};
  auto content = settings->read();
  if (!content) {
    return Unexpected{std::move(content.error())};
  }
  settings->serves_tls_ = content->tls != nullptr;
  settings->content_ = std::make_shared<Content>(std::move(*content));
  return settings;
}

// Stamps are taken before what they stand for is read: a change in between is seen the next time.
Expected<WebSettings::Content, Errors> WebSettings::read() {
  stamps_ = {files::stamp_of(file_)};
  const auto text = files::read(file_);
  if (!text) {
    return Unexpected{Errors{{{.file = file_}, "the web configuration file " + text.error()}}};
  }
  auto parsed = config::parse_web_file(*text, file_);
  if (!parsed) {
    return Unexpected{std::move(parsed.error())};
  }
  Content content{.file = std::move(*parsed), .tls = nullptr};
  if (!content.file.tls) {
    return content;
  }
  const config::TlsServer& tls = *content.file.tls;
  for (const config::Pem* pem : {&tls.certificate, &tls.key, &tls.client_ca}) {
    if (!pem->file.empty()) {
      stamps_.push_back(files::stamp_of(pem->file));
    }
  }
  Errors errors;
  const TlsTexts texts{
      .certificate = read_pem(tls.certificate, errors),
      .key = read_pem(tls.key, errors),
      .client_ca = read_pem(tls.client_ca, errors)};
  if (!errors.empty()) {
    return Unexpected{std::move(errors)};
  }
  auto context = make_tls_context(tls, texts);
  if (!context) {
    return Unexpected{Errors{{{.file = file_}, "tls_server_config: " + context.error()}}};
  }
  content.tls = std::move(*context);
  return content;
}

std::shared_ptr<const WebSettings::Content> WebSettings::current() {
  const std::lock_guard lock{mutex_};
  const bool same = std::ranges::all_of(stamps_, [](const files::Stamp& stamp) {
    return files::stamp_of(stamp.path) == stamp;
  });
  if (same) {
    return content_;
  }
  auto content = read();
  if (!content || (content->tls != nullptr) != serves_tls_) {
    log::write(
        log::Level::Error,
        "http",
        "web configuration refused, the one before goes on",
        {{"reason",
          content ? "turning TLS on or off needs a restart" : to_string(content.error().front())}}
    );
    return content_;
  }
  content_ = std::make_shared<Content>(std::move(*content));
  log::write(log::Level::Info, "http", "web configuration read again", {{"file", file_}});
  return content_;
}

std::shared_ptr<asio::ssl::context> WebSettings::tls() {
  return current()->tls;
}

Response WebSettings::answer(const Request& request, const Handler& handler) {
  const auto content = current();
  const auto sent = request.headers.find("authorization");
  const bool is_admitted =
      content->file.users.empty() ||
      (sent != request.headers.end() && auth_.admits(sent->second, content->file.users));
  if (is_admitted && request.headers.contains(kLoginOnly)) {
    return {.body = {}};
  }
  Response response = is_admitted ? handler(request) : unauthorized();
  add_headers(*content, response);
  return response;
}

bool WebSettings::must_check(std::string_view authorization) {
  const auto content = current();
  return !content->file.users.empty() && auth_.must_compute(authorization, content->file.users);
}

void WebSettings::add_headers(Response& response) {
  add_headers(*current(), response);
}

void WebSettings::add_headers(const Content& content, Response& response) {
  for (const auto& [name, value] : content.file.headers) {
    set_header(response, name, value);
  }
}

}  // namespace pgrepl::http
