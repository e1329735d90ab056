#include "http/tls_context.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace pgrepl::http {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

std::string text_of(BIO* bio) {
  const char* data = nullptr;
  const long size = BIO_ctrl(bio, BIO_CTRL_INFO, 0, &data);
  return {data, static_cast<std::size_t>(size)};
}

// A key with its own certificate.
TlsTexts make_texts() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
      EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), &X509_free};
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  const Bio certificate_text{BIO_new(BIO_s_mem()), &BIO_free};
  const Bio key_text{BIO_new(BIO_s_mem()), &BIO_free};
  PEM_write_bio_X509(certificate_text.get(), certificate.get());
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {
      .certificate = text_of(certificate_text.get()),
      .key = text_of(key_text.get()),
      .client_ca = {}};
}

TEST(TlsContext, OffersSuitesWithForwardSecrecyOnly) {
  for (const auto least : {config::TlsVersion::Tls10, config::TlsVersion::Tls12}) {
    const config::TlsServer tls{.min_version = least};
    const auto context = make_tls_context(tls, make_texts());
    ASSERT_TRUE(context) << context.error();
    const auto* ciphers = SSL_CTX_get_ciphers((*context)->native_handle());
    const int count = sk_SSL_CIPHER_num(ciphers);
    EXPECT_GT(count, 3);
    for (int i = 0; i < count; ++i) {
      const std::string name = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i));
      EXPECT_TRUE(name.starts_with("TLS_") || name.starts_with("ECDHE-")) << name;
    }
  }
}

TEST(TlsContext, RefusesSuitesWithoutForwardSecrecy) {
  const config::TlsServer tls{.cipher_suites = {"TLS_RSA_WITH_AES_128_GCM_SHA256"}};
  const auto context = make_tls_context(tls, make_texts());
  ASSERT_FALSE(context);
  EXPECT_EQ(
      context.error(), "cipher_suites: 'TLS_RSA_WITH_AES_128_GCM_SHA256' has no forward secrecy"
  );
}

std::string refusal(const config::TlsServer& tls, const TlsTexts& texts) {
  const auto context = make_tls_context(tls, texts);
  return context ? "" : context.error();
}

TEST(TlsContext, SaysWhichTextDoesNotDoAndShowsNothingOfIt) {
  TlsTexts texts = make_texts();
  texts.certificate = "marker";
  EXPECT_EQ(refusal({}, texts).find("cert_file is no certificate in PEM"), 0U);
  texts = make_texts();
  texts.key = make_texts().key;
  EXPECT_EQ(
      refusal({}, texts).find(
          "key_file is not the key of the certificate, in PEM and without passphrase"
      ),
      0U
  );
  texts = make_texts();
  texts.client_ca = "marker";
  EXPECT_EQ(refusal({}, texts).find("client_ca_file holds no certificate in PEM"), 0U);
  EXPECT_EQ(refusal({}, texts).find("marker"), std::string::npos);
}

TEST(TlsContext, TakesSuitesByTheNamesOfTheStandardAndOfGo) {
  for (const char* name :
       {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_GCM_SHA256"}) {
    EXPECT_EQ(refusal({.cipher_suites = {name}}, make_texts()), "") << name;
  }
  EXPECT_EQ(
      refusal({.cipher_suites = {"TLS_NO_SUCH"}}, make_texts()),
      "cipher_suites: OpenSSL has no 'TLS_NO_SUCH'"
  );
}

TEST(TlsContext, TakesTheCurvesThatGoNames) {
  EXPECT_EQ(
      refusal(
          {.curve_preferences = {"X25519", "CurveP256", "CurveP384", "CurveP521"}}, make_texts()
      ),
      ""
  );
}

TEST(TlsContext, ResumesNoSessionAndRenegotiatesNone) {
  const auto context = make_tls_context({}, make_texts());
  ASSERT_TRUE(context);
  SSL_CTX* native = (*context)->native_handle();
  EXPECT_NE(SSL_CTX_get_options(native) & SSL_OP_NO_TICKET, 0U);
  EXPECT_NE(SSL_CTX_get_options(native) & SSL_OP_NO_RENEGOTIATION, 0U);
  EXPECT_EQ(SSL_CTX_get_num_tickets(native), 0U);
}

}  // namespace
}  // namespace pgrepl::http
