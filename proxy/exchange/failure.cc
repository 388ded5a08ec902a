// SPDX-License-Identifier: MIT
#include "proxy/exchange/failure.h"

namespace sluice::exchange {

namespace {

struct Verdict {
  int status;
  std::string_view word;
  std::string_view proxy_status;
  Retry retry = Retry::Never;
  bool blames_backend = false;
};

// RFC 9209 2.3 names the errors of the third column.
Verdict verdict_of(Kind kind) {  // NOLINT(readability-function-size): a table, a row a kind
  switch (kind) {
    case Kind::None:
      return {200, "ok", ""};
    case Kind::Malformed:
      return {400, "malformed", "http_request_error"};
    case Kind::HeadTimeout:
      return {408, "request_head_timeout", "http_request_error"};
    case Kind::BodyTimeout:
      return {408, "request_body_timeout", "http_request_error"};
    case Kind::BodyTooLarge:
      return {413, "body_too_large", "http_request_denied"};
    case Kind::Aborted:
      return {499, "client_aborted", ""};
    case Kind::SendTimeout:
      return {499, "send_timeout", ""};
    case Kind::NoRoute:
      return {404, "no_route", "destination_not_found"};
    case Kind::MethodRefused:
      return {405, "method_refused", "http_request_denied"};
    case Kind::PathRefused:
      return {400, "path_refused", "http_request_error"};
    case Kind::ReadOnly:
      return {405, "method_refused", "http_request_denied"};
    case Kind::FileMissing:
      return {404, "file_missing", ""};
    case Kind::FileForbidden:
      return {403, "file_forbidden", "http_request_denied"};
    case Kind::PreconditionFailed:
      return {412, "precondition_failed", ""};
    case Kind::NotCached:
      return {504, "not_cached", ""};
    case Kind::NoBackend:
      return {503, "no_backend", "destination_unavailable"};
    case Kind::ConnectRefused:
      return {502, "connect_refused", "connection_refused", Retry::OtherBackend, true};
    case Kind::ConnectTimeout:
      return {504, "connect_timeout", "connection_timeout", Retry::OtherBackend, true};
    case Kind::ConnectFailed:
      return {502, "connect_failed", "destination_ip_unroutable", Retry::OtherBackend, true};
    case Kind::ClosedEarly:
      return {502, "backend_closed_early", "connection_terminated", Retry::OnceIfIdempotent, true};
    case Kind::FirstByteTimeout:
      return {504, "first_byte_timeout", "connection_read_timeout", Retry::Never, true};
    case Kind::BadResponse:
      return {502, "bad_response", "http_protocol_error", Retry::Never, true};
    case Kind::UnaskedUpgrade:
      return {502, "unasked_upgrade", "http_upgrade_failed", Retry::Never, true};
    case Kind::ReadTimeout:
      return {504, "backend_read_timeout", "connection_read_timeout"};
    case Kind::Truncated:
      return {502, "backend_truncated", "http_response_incomplete", Retry::Never, true};
    case Kind::Exhausted:
      return {503, "exhausted", "connection_limit_reached"};
    case Kind::BufferFailed:
      return {500, "buffer_failed", "proxy_internal_error"};
    case Kind::FileFailed:
      return {500, "file_failed", "proxy_internal_error"};
    case Kind::FilterFailed:
      return {500, "filter_failed", "proxy_internal_error"};
    case Kind::TunnelIdle:
      return {504, "tunnel_idle", "connection_read_timeout"};
    case Kind::TotalTimeout:
      return {504, "total_timeout", "http_response_timeout", Retry::Never, true};
    case Kind::Draining:
      return {503, "draining", "proxy_internal_response"};
    case Kind::AccessDenied:
      return {403, "access_denied", "http_request_denied"};
    case Kind::Jailed:
      return {403, "jailed", "http_request_denied"};
    case Kind::RateLimited:
      return {429, "rate_limited", "http_request_denied"};
    case Kind::PrefixRateLimited:
      return {429, "prefix_rate_limited", "http_request_denied"};
    case Kind::TooManyAtOnce:
      return {429, "too_many_at_once", "http_request_denied"};
    case Kind::ListenerBusy:
      return {503, "listener_busy", "http_request_denied"};
  }
  return {500, "internal", "proxy_internal_error"};
}

}  // namespace

int status_of(const Failure& failure) {
  if (failure.kind == Kind::Malformed) return http::bad_message_status(failure.message);
  return verdict_of(failure.kind).status;
}

std::string_view word_of(const Failure& failure) {
  bool has_message = failure.kind == Kind::Malformed || failure.kind == Kind::BadResponse;
  return has_message ? http::bad_message_word(failure.message) : verdict_of(failure.kind).word;
}

std::string_view proxy_status_of(const Failure& failure) {
  return verdict_of(failure.kind).proxy_status;
}

Retry retry_of(const Failure& failure) {
  return verdict_of(failure.kind).retry;
}

bool blames_backend(const Failure& failure) {
  return verdict_of(failure.kind).blames_backend;
}

}  // namespace sluice::exchange
