// SPDX-License-Identifier: MIT
#include "proxy/handlers/whole_answer.h"

#include "proxy/base/check.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/status.h"

namespace sluice::handlers {

bool has_content(int status) {
  return status >= 200 && status != 204 && status != 205 && status != 304;
}

void WholeAnswer::start() {
  CHECK(answer_.status >= 200);
  const std::string_view body = has_content(answer_.status) ? answer_.body : std::string_view();
  const bool is_head = exchange_.request().method == http::Method::Head;
  http::ResponseHead& head = exchange_.response_slot();
  head.status = answer_.status;
  head.reason = http::reason_phrase(answer_.status);
  head.body = http::framing_of(answer_.status, body.size(), is_head);
  head.keep_alive = true;
  if (!answer_.location.empty()) head.fields.add(http::FieldId::Location, answer_.location);
  if (!body.empty() && !answer_.content_type.empty()) {
    head.fields.add(http::FieldId::ContentType, answer_.content_type);
  }
  exchange_.send_head(head);
  if (!is_head && !body.empty()) exchange_.write(body);
  exchange_.finish();
}

}  // namespace sluice::handlers
