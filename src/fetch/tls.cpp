#include "fetch/tls.h"

#include "files/read.h"

#include <cstddef>

#include <asio/buffer.hpp>
#include <asio/ip/address.hpp>
#include <asio/ssl/host_name_verification.hpp>

namespace pgrepl::fetch {

namespace {

using Context = asio::ssl::context;
// What to do with the text of a file; an error code says that it is not what it should be.
using Use = void (*)(Context& tls, const std::string& text, asio::error_code& problem);

std::optional<std::string> use_file(
    Context& tls, const std::string& path, Use use, const char* is_no
) {
  if (path.empty()) {
    return std::nullopt;
  }
  const auto text = files::read(path);
  if (!text) {
    return "TLS: " + path + ' ' + text.error();
  }
  asio::error_code problem;
  use(tls, *text, problem);
  return problem ? std::optional{"TLS: " + path + ' ' + is_no} : std::nullopt;
}

void use_authorities(Context& tls, const std::string& text, asio::error_code& problem) {
  tls.add_certificate_authority(asio::buffer(text), problem);
}

void use_certificate(Context& tls, const std::string& text, asio::error_code& problem) {
  tls.use_certificate_chain(asio::buffer(text), problem);
}

void use_key(Context& tls, const std::string& text, asio::error_code& problem) {
  tls.use_private_key(asio::buffer(text), Context::pem, problem);
}

}  // namespace

std::optional<std::string> configure_tls(
    Context& tls, const config::RestAccess& access, const std::string& host
) {
  asio::error_code problem;
  if (access.ca_file.empty()) {
    tls.set_default_verify_paths(problem);
  }
  // Without it OpenSSL asks for the passphrase of a key at the terminal, and the loop stands still.
  tls.set_password_callback(
      [](std::size_t, Context::password_purpose) { return std::string{}; }, problem
  );
  tls.set_verify_mode(access.checks_server ? asio::ssl::verify_peer : asio::ssl::verify_none);
  tls.set_verify_callback(asio::ssl::host_name_verification(host));
  auto failure = use_file(tls, access.ca_file, use_authorities, "holds no certificate in PEM");
  if (!failure) {
    failure = use_file(tls, access.cert_file, use_certificate, "is no certificate in PEM");
  }
  if (!failure) {
    failure = use_file(
        tls,
        access.key_file,
        use_key,
        "is not the key of the certificate, in PEM and without a passphrase"
    );
  }
  return failure;
}

void name_server(SSL* connection, std::string host) {
  asio::error_code not_an_address;
  (void)asio::ip::make_address(host, not_an_address);
  if (not_an_address) {
    // SSL_set_tlsext_host_name() without its old-style cast.
    SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
  }
}

}  // namespace pgrepl::fetch
