#include "http/tls_context.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/ip/address.hpp>
#include <asio/ssl/verify_context.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace pgrepl::http {

namespace {

using config::ClientAuth;
using config::TlsVersion;

int protocol_of(TlsVersion version) {
  constexpr std::array kProtocols{TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return kProtocols.at(static_cast<std::size_t>(version));
}

// What asio wants as an error code, as the text of what failed.
class Steps {
 public:
  void note(const asio::error_code& problem, std::string_view what) {
    note(!problem, std::string{what} + ": " + problem.message());
  }

  void note(bool succeeded, std::string what) {
    if (!succeeded && failure_.empty()) {
      failure_ = std::move(what);
    }
  }

  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  std::string failure_;
};

void use_texts(asio::ssl::context& context, const TlsTexts& texts, Steps& steps) {
  asio::error_code problem;
  // Without it a key with a passphrase asks for it at the terminal.
  context.set_password_callback(
      [](std::size_t, asio::ssl::context::password_purpose) { return std::string{}; }, problem
  );
  context.use_certificate_chain(asio::buffer(texts.certificate), problem);
  steps.note(problem, "cert_file is no certificate in PEM");
  context.use_private_key(asio::buffer(texts.key), asio::ssl::context::pem, problem);
  steps.note(problem, "key_file is not the key of the certificate, in PEM and without passphrase");
  if (!texts.client_ca.empty()) {
    context.add_certificate_authority(asio::buffer(texts.client_ca), problem);
    steps.note(problem, "client_ca_file holds no certificate in PEM");
  }
}

// The standard calls TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 what OpenSSL calls
// ECDHE-RSA-AES128-GCM-SHA256. Go's names leave out the end of some.
std::string openssl_cipher(const std::string& name) {
  for (const std::string& form : {name, name + "_SHA256"}) {
    const std::string_view found = OPENSSL_cipher_name(form.c_str());
    if (found != "(NONE)") {
      return std::string{found};
    }
  }
  return {};
}

// With forward secrecy: who learns the key later cannot read what was recorded before. TLS 1.3 has
// no other suites. Before TLS 1.2 there are none with GCM.
constexpr const char* kTls12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kBeforeTls12 = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES";

void use_ciphers(SSL_CTX* context, const config::TlsServer& tls, Steps& steps) {
  std::string older;
  std::string newest;  // OpenSSL keeps those of TLS 1.3 apart
  for (const std::string& name : tls.cipher_suites) {
    const std::string cipher = openssl_cipher(name);
    steps.note(!cipher.empty(), "cipher_suites: OpenSSL has no '" + name + "'");
    const bool is_newest = cipher.starts_with("TLS_");
    const bool is_forward_secret = is_newest || cipher.starts_with("ECDHE-");
    steps.note(is_forward_secret, "cipher_suites: '" + name + "' has no forward secrecy");
    std::string& list = is_newest ? newest : older;
    list += (list.empty() ? "" : ":") + cipher;
  }
  if (older.empty()) {
    older = tls.min_version < TlsVersion::Tls12 ? kBeforeTls12 : kTls12;
  }
  steps.note(SSL_CTX_set_cipher_list(context, older.c_str()) == 1, "cipher_suites: refused");
  if (!newest.empty()) {
    steps.note(SSL_CTX_set_ciphersuites(context, newest.c_str()) == 1, "cipher_suites: refused");
  }
  if (tls.prefer_server_cipher_suites) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
}

void use_curves(SSL_CTX* context, const std::vector<std::string>& curves, Steps& steps) {
  constexpr std::array<std::pair<std::string_view, const char*>, 4> kNames{
      {{"CurveP256", "P-256"},
       {"CurveP384", "P-384"},
       {"CurveP521", "P-521"},
       {"X25519", "X25519"}}};
  std::string list;
  for (const std::string& curve : curves) {
    const auto* name =
        std::ranges::find(kNames, curve, [](const auto& pair) { return pair.first; });
    list += (list.empty() ? "" : ":") + std::string{name == kNames.end() ? "" : name->second};
  }
  if (!list.empty()) {
    // SSL_CTX_set1_groups_list() without its old-style cast.
    const long taken = SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, list.data());
    steps.note(taken == 1, "curve_preferences: OpenSSL refuses them");
  }
}

std::string text_of(const GENERAL_NAME& name) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(&name, &type);
  const auto* text = static_cast<const ASN1_STRING*>(value);
  if (type != GEN_DNS && type != GEN_EMAIL && type != GEN_URI && type != GEN_IPADD) {
    return {};
  }
  const unsigned char* data = ASN1_STRING_get0_data(text);
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(text));
  if (type != GEN_IPADD) {
    return {data, data + size};
  }
  if (size == 4) {
    asio::ip::address_v4::bytes_type four{};
    std::copy_n(data, size, four.begin());
    return asio::ip::make_address_v4(four).to_string();
  }
  asio::ip::address_v6::bytes_type sixteen{};
  std::copy_n(data, std::min(size, sixteen.size()), sixteen.begin());
  return asio::ip::make_address_v6(sixteen).to_string();
}

bool has_one_of(const X509* certificate, const std::vector<std::string>& names) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> found{
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)
      ),
      &GENERAL_NAMES_free};
  const int count = found ? sk_GENERAL_NAME_num(found.get()) : 0;
  for (int i = 0; i < count; ++i) {
    const std::string text = text_of(*sk_GENERAL_NAME_value(found.get(), i));
    if (!text.empty() && std::ranges::find(names, text) != names.end()) {
      return true;
    }
  }
  return false;
}

void ask_clients(asio::ssl::context& context, const config::TlsServer& tls, Steps& steps) {
  using asio::ssl::verify_context;
  if (tls.client_auth == ClientAuth::None) {
    return;
  }
  const bool is_required =
      tls.client_auth == ClientAuth::RequireAny || tls.client_auth == ClientAuth::RequireAndVerify;
  const bool is_verified = tls.client_auth == ClientAuth::VerifyIfGiven ||
                           tls.client_auth == ClientAuth::RequireAndVerify;
  asio::error_code problem;
  const int required = is_required ? asio::ssl::verify_fail_if_no_peer_cert : 0;
  context.set_verify_mode(asio::ssl::verify_peer | required, problem);
  steps.note(problem, "client_auth_type");
  context.set_verify_callback(
      [is_verified, names = tls.client_allowed_sans](bool is_valid, verify_context& chain) {
        X509_STORE_CTX* store = chain.native_handle();
        const bool is_leaf = X509_STORE_CTX_get_error_depth(store) == 0;
        if (is_leaf && !names.empty() &&
            !has_one_of(X509_STORE_CTX_get_current_cert(store), names)) {
          return false;
        }
        return is_valid || !is_verified;
      },
      problem
  );
  steps.note(problem, "client_auth_type");
}

}  // namespace

Expected<std::shared_ptr<asio::ssl::context>, std::string> make_tls_context(
    const config::TlsServer& tls, const TlsTexts& texts
) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  Steps steps;
  SSL_CTX_ctrl(native, SSL_CTRL_SET_MIN_PROTO_VERSION, protocol_of(tls.min_version), nullptr);
  SSL_CTX_ctrl(native, SSL_CTRL_SET_MAX_PROTO_VERSION, protocol_of(tls.max_version), nullptr);
  // No session is resumed, so that every connection is checked by what the file says now. A client
  // cannot ask for a new handshake either, which costs us more than it.
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_ctrl(native, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr);
  SSL_CTX_set_num_tickets(native, 0);
  // A connection that is idle holds no buffers of 17 KiB.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  use_texts(*context, texts, steps);
  use_ciphers(native, tls, steps);
  use_curves(native, tls.curve_preferences, steps);
  ask_clients(*context, tls, steps);
  if (!steps.failure().empty()) {
    return Unexpected<std::string>{std::string{steps.failure()}};
  }
  return context;
}

}  // namespace pgrepl::http
