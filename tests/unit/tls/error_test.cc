// SPDX-License-Identifier: MIT
#include "tls/error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <catch2/catch.hpp>

namespace sluice::tls {
namespace {

TEST_CASE("tls error: the queue becomes one sentence and is empty afterwards", "[tls][error]") {
  clear_errors();
  CHECK(take_error_text() == "unknown error");
  ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
  ERR_raise_data(ERR_LIB_SSL, SSL_R_LENGTH_MISMATCH, "at byte %d", 7);
  CHECK(take_error_text() == "no shared cipher; length mismatch (at byte 7)");
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("tls error: words are stable and name the first cause", "[tls][error]") {
  struct Case {
    int library;
    int reason;
    std::string_view word;
  };
  const auto c = GENERATE(values<Case>({
      {ERR_LIB_SSL, SSL_R_HTTP_REQUEST, "tls_http_request"},
      {ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER, "tls_unknown_protocol"},
      {ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER, "tls_no_shared_cipher"},
      {ERR_LIB_SSL, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "tls_cert_unknown"},
      {ERR_LIB_SSL, SSL_R_TLSV1_ALERT_UNKNOWN_CA, "tls_cert_unknown_ca"},
      {ERR_LIB_SSL, SSL_AD_REASON_OFFSET + 80, "tls_alert_received"},
      {ERR_LIB_SSL, SSL_R_BAD_DATA, "tls_error"},
      {ERR_LIB_EVP, SSL_R_HTTP_REQUEST, "tls_error"},
  }));
  clear_errors();
  ERR_raise(c.library, c.reason);
  ERR_raise(ERR_LIB_SSL, SSL_R_UNEXPECTED_MESSAGE);
  CHECK(error_word() == c.word);
  CHECK(ERR_peek_error() != 0);
  clear_errors();
  CHECK(error_word() == "tls_error");
}

}  // namespace
}  // namespace sluice::tls
