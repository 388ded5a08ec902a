// SPDX-License-Identifier: MIT
#include "proxy/exchange/error_page.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include "proxy/exchange/exchange.h"
#include "proxy/http/status.h"

namespace sluice::exchange {

namespace {

std::string_view format_body(Exchange& exchange, int status) {
  constexpr std::size_t kBytesMax = 512;
  char* out = exchange.arena().allocate(kBytesMax);
  auto result = fmt::format_to_n(out, kBytesMax, FMT_COMPILE("{} {}\nrequest id: {}\n"), status,
                                 http::reason_phrase(status), exchange.request_id());
  return {out, std::min(result.size, kBytesMax)};
}

std::string_view format_proxy_status(Exchange& exchange, std::string_view error) {
  constexpr std::size_t kBytesMax = 96;
  char* out = exchange.arena().allocate(kBytesMax);
  auto result = fmt::format_to_n(out, kBytesMax, FMT_COMPILE("sluice; error={}"), error);
  return {out, std::min(result.size, kBytesMax)};
}

}  // namespace

void send_error_page(Exchange& exchange, const Failure& failure) {
  http::ResponseHead& head = exchange.response_slot();
  head.clear();
  head.status = status_of(failure);
  head.reason = http::reason_phrase(head.status);
  std::string_view body = format_body(exchange, head.status);
  head.fields.add(http::FieldId::ContentType, "text/plain; charset=utf-8");
  std::string_view error = proxy_status_of(failure);
  if (!error.empty()) head.fields.add("Proxy-Status", format_proxy_status(exchange, error));
  if (failure.kind == Kind::MethodRefused) {
    head.fields.add(http::FieldId::Allow, http::kAllow);
  }
  if (failure.kind == Kind::ReadOnly) head.fields.add(http::FieldId::Allow, "GET, HEAD");
  bool wants_body = exchange.request().method != http::Method::Head;
  head.body = wants_body ? http::BodyFraming{http::BodyKind::Length, body.size()}
                         : http::BodyFraming{http::BodyKind::None, body.size(), true};
  // A message that was not understood leaves no safe place to look for the next one.
  head.keep_alive = failure.side != Side::Client || failure.kind == Kind::NoRoute;
  exchange.send_head(head);
  if (wants_body) exchange.write(body);
}

}  // namespace sluice::exchange
