// SPDX-License-Identifier: MIT
#include "proxy/exchange/error_page.h"

#include "proxy/exchange/exchange.h"
#include "proxy/http/status.h"

namespace sluice::exchange {

namespace {

// "429 Too Many Requests", and what to ask the operator about. Floods are answered with it, so it
// costs a copy and no more.
std::string_view body_of(Exchange& exchange, int status) {
  return exchange.arena().join(
      {http::status_text(status), "\nrequest id: ", exchange.request_id(), "\n"});
}

}  // namespace

void send_error_page(Exchange& exchange, const Failure& failure) {
  http::ResponseHead& head = exchange.response_slot();
  head.clear();
  head.status = status_of(failure);
  std::string_view body = body_of(exchange, head.status);
  head.fields.add(http::FieldId::ContentType, "text/plain; charset=utf-8");
  std::string_view error = proxy_status_of(failure);
  if (!error.empty()) {
    head.fields.add("Proxy-Status", exchange.arena().join({"sluice; error=", error}),
                    http::FieldId::Other);
  }
  if (failure.kind == Kind::MethodRefused || failure.kind == Kind::ReadOnly) {
    const route::Match& match = exchange.match();
    head.fields.add(http::FieldId::Allow, match ? match.route->handler->methods() : http::kAllow);
  }
  bool wants_body = exchange.request().method != http::Method::Head;
  head.body = wants_body ? http::BodyFraming{http::BodyKind::Length, body.size()}
                         : http::BodyFraming{http::BodyKind::None, body.size(), true};
  // A message that was not understood leaves no safe place to look for the next one.
  head.keep_alive = failure.side != Side::Client || failure.kind == Kind::NoRoute;
  exchange.send_head(head);
  if (wants_body) exchange.write(body);
}

}  // namespace sluice::exchange
