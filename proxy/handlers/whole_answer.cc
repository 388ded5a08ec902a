// SPDX-License-Identifier: MIT
#include "proxy/handlers/whole_answer.h"

#include "proxy/base/check.h"
#include "proxy/exchange/exchange.h"

namespace sluice::handlers {

bool has_content(int status) {
  return status >= 200 && status != 204 && status != 205 && status != 304;
}

void send_answer(exchange::Exchange& exchange, const Answer& answer) {
  CHECK(answer.status >= 200);
  const std::string_view body = has_content(answer.status) ? answer.body : std::string_view();
  const bool is_head = exchange.request().method == http::Method::Head;
  http::ResponseHead& head = exchange.response_slot();
  head.status = answer.status;
  head.body = http::framing_of(answer.status, body.size(), is_head);
  head.keep_alive = true;
  if (!answer.location.empty()) head.fields.add(http::FieldId::Location, answer.location);
  if (!answer.extra.name.empty()) head.fields.add(answer.extra.name, answer.extra.value);
  if (!body.empty() && !answer.content_type.empty()) {
    head.fields.add(http::FieldId::ContentType, answer.content_type);
  }
  exchange.send_head(head);
  if (!is_head && !body.empty()) exchange.write(body);
  exchange.finish();
}

void WholeAnswer::start() {
  send_answer(exchange_, answer_);
}

}  // namespace sluice::handlers
