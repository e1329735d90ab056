// What the web configuration file and the files it names say at this moment: each is read again
// when it has changed, so that a new certificate or login needs no reload.
#pragma once

#include "config/web_file.h"
#include "files/stamp.h"
#include "http/basic_auth.h"
#include "http/message.h"
#include "support/errors.h"
#include "support/expected.h"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace asio::ssl {
class context;
}

namespace pgrepl::http {

class WebSettings {
 public:
  // The settings, or every mistake in the file and in those it names.
  [[nodiscard]] static Expected<std::unique_ptr<WebSettings>, Errors> open(std::string file);

  // Whether HTTPS is served: as it was when the file was opened.
  [[nodiscard]] bool serves_tls() const { return serves_tls_; }

  // For a new connection, from any thread. A file that has become wrong leaves the last good one in
  // place, and says so once in the log.
  [[nodiscard]] std::shared_ptr<asio::ssl::context> tls();

  // Whether checking this value of the header Authorization takes as long as bcrypt does. Reads the
  // file again when it has changed, as all of these do.
  [[nodiscard]] bool must_check(std::string_view authorization);

  // Puts the headers of the file on an answer that is not the handler's.
  void add_headers(Response& response);

  // The handler's answer with the headers of the file; 401 for who is not to see it. Where the
  // request has kLoginOnly the handler is not called, and a right login gets an empty 200.
  [[nodiscard]] Response answer(const Request& request, const Handler& handler);

 private:
  struct Content {
    config::WebFile file;
    std::shared_ptr<asio::ssl::context> tls;
  };

  explicit WebSettings(std::string file) : file_(std::move(file)) {}

  [[nodiscard]] Expected<Content, Errors> read();
  [[nodiscard]] std::shared_ptr<const Content> current();
  static void add_headers(const Content& content, Response& response);

  std::string file_;
  bool serves_tls_ = false;
  BasicAuth auth_;
  std::mutex mutex_;
  std::vector<files::Stamp> stamps_;  // of the file and those it names, when they were read
  std::shared_ptr<const Content> content_;
};

}  // namespace pgrepl::http
