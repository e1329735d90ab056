#include "support/certificate.h"

#include <array>
#include <cctype>
#include <memory>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace pgrepl::testing {

namespace {

template <class T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};

using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY, EVP_PKEY_free>>;
using X509Pointer = std::unique_ptr<X509, Deleter<X509, X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION, X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Deleter<BIO, BIO_free_all>>;

void require(bool succeeded) {
  if (!succeeded) {
    throw std::runtime_error{"OpenSSL makes no certificate"};
  }
}

void extend(X509* certificate, int what, const std::string& value) {
  const Extension extension{X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str())};
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string content(BIO* memory) {
  std::string text;
  std::array<char, 4096> buffer{};
  int count = 0;
  while ((count = BIO_read(memory, buffer.data(), static_cast<int>(buffer.size()))) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

Certificate make_certificate(const std::string& host) {
  const Key key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  const X509Pointer certificate{X509_new()};
  require(key != nullptr && certificate != nullptr);
  constexpr long kDay = 24L * 60 * 60;
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>(host.c_str());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const bool is_address = std::isdigit(static_cast<unsigned char>(host.front())) != 0;
  extend(certificate.get(), NID_subject_alt_name, (is_address ? "IP:" : "DNS:") + host);
  extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  const Memory certificate_text{BIO_new(BIO_s_mem())};
  const Memory key_text{BIO_new(BIO_s_mem())};
  require(PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1);
  require(
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
      1
  );
  return {.certificate = content(certificate_text.get()), .key = content(key_text.get())};
}

}  // namespace pgrepl::testing
