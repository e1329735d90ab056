// TLS as the web configuration file wants it, for OpenSSL.
#pragma once

#include "config/web_file.h"
#include "support/expected.h"

#include <memory>
#include <string>

#include <asio/ssl/context.hpp>

namespace pgrepl::http {

// What the files of a TLS section hold.
struct TlsTexts {
  std::string certificate;
  std::string key;
  std::string client_ca;  // empty: none
};

// The error says which of it does not do, and shows nothing of the texts.
[[nodiscard]] Expected<std::shared_ptr<asio::ssl::context>, std::string> make_tls_context(
    const config::TlsServer& tls, const TlsTexts& texts
);

}  // namespace pgrepl::http
