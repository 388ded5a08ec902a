// SPDX-License-Identifier: MIT
#include "tls/error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

namespace sluice::tls {
namespace {

struct Word {
  int reason;  // of library ERR_LIB_SSL
  std::string_view word;
};

constexpr std::array kWords{
    Word{SSL_R_HTTP_REQUEST, "tls_http_request"},
    Word{SSL_R_HTTPS_PROXY_REQUEST, "tls_http_proxy_request"},
    Word{SSL_R_WRONG_VERSION_NUMBER, "tls_unknown_protocol"},
    Word{SSL_R_UNKNOWN_PROTOCOL, "tls_unknown_protocol"},
    Word{SSL_R_WRONG_SSL_VERSION, "tls_unknown_protocol"},
    Word{SSL_R_BAD_RECORD_TYPE, "tls_unknown_protocol"},
    Word{SSL_R_UNSUPPORTED_PROTOCOL, "tls_version_unsupported"},
    Word{SSL_R_VERSION_TOO_LOW, "tls_version_unsupported"},
    Word{SSL_R_INAPPROPRIATE_FALLBACK, "tls_inappropriate_fallback"},
    Word{SSL_R_NO_SHARED_CIPHER, "tls_no_shared_cipher"},
    Word{SSL_R_NO_SHARED_GROUPS, "tls_no_shared_group"},
    Word{SSL_R_NO_SUITABLE_KEY_SHARE, "tls_no_shared_group"},
    Word{SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "tls_no_shared_signature"},
    Word{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "tls_no_shared_signature"},
    Word{SSL_R_NO_APPLICATION_PROTOCOL, "tls_no_application_protocol"},
    Word{SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "tls_bad_record"},
    Word{SSL_R_PACKET_LENGTH_TOO_LONG, "tls_bad_record"},
    Word{SSL_R_ENCRYPTED_LENGTH_TOO_LONG, "tls_bad_record"},
    Word{SSL_R_DATA_LENGTH_TOO_LONG, "tls_bad_record"},
    Word{SSL_R_RECORD_TOO_SMALL, "tls_bad_record"},
    Word{SSL_R_TOO_MUCH_EARLY_DATA, "tls_early_data"},
    Word{SSL_R_UNEXPECTED_MESSAGE, "tls_bad_message"},
    Word{SSL_R_UNEXPECTED_RECORD, "tls_bad_message"},
    Word{SSL_R_LENGTH_MISMATCH, "tls_bad_message"},
    Word{SSL_R_LENGTH_TOO_SHORT, "tls_bad_message"},
    Word{SSL_R_BAD_EXTENSION, "tls_bad_message"},
    Word{SSL_R_EXCESSIVE_MESSAGE_SIZE, "tls_bad_message"},
    Word{SSL_R_DIGEST_CHECK_FAILED, "tls_bad_message"},
    Word{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "tls_cert_bad"},
    Word{SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "tls_cert_unsupported"},
    Word{SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "tls_cert_revoked"},
    Word{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "tls_cert_expired"},
    Word{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "tls_cert_unknown"},
    Word{SSL_R_TLSV1_ALERT_UNKNOWN_CA, "tls_cert_unknown_ca"},
    Word{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "tls_version_refused_by_client"},
    Word{SSL_R_TLSV1_ALERT_USER_CANCELLED, "tls_cancelled_by_client"},
};

// OpenSSL numbers a received fatal alert n as reason 1000 + n.
bool is_received_alert(int reason) {
  return reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
}

}  // namespace

// To clear an empty queue walks all of its sixteen places.
void clear_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

std::string take_error_text() {
  std::string text;
  const char* data = nullptr;
  int flags = 0;
  while (const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    if (!text.empty()) text += "; ";
    const char* reason = ERR_reason_error_string(code);
    text += reason != nullptr ? reason : "error " + std::to_string(code);
    const bool has_data = (flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0';
    if (has_data) text.append(" (").append(data).append(")");
  }
  return text.empty() ? "unknown error" : text;
}

std::string_view error_word() {
  const unsigned long code = ERR_peek_error();
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return "tls_error";
  const int reason = ERR_GET_REASON(code);
  const auto* found = std::find_if(kWords.begin(), kWords.end(),
                                   [reason](const Word& word) { return word.reason == reason; });
  if (found != kWords.end()) return found->word;
  return is_received_alert(reason) ? "tls_alert_received" : "tls_error";
}

}  // namespace sluice::tls
