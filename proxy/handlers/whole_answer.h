// SPDX-License-Identifier: MIT
// WholeAnswer: the Responder of handlers that know the whole answer at once. It answers in start()
// and never asks for the request's body; what becomes of an unread body is the session's business.
//
// Lives in the exchange's arena; borrows what it sends, which lives as long as the exchange.
#pragma once

#include <string_view>

#include "proxy/exchange/handler.h"
#include "proxy/http/headers.h"

namespace sluice::handlers {

struct Answer {
  int status = 200;
  std::string_view content_type;  // sent with a body only
  std::string_view body;
  std::string_view location;  // empty: no such field
  http::Field extra{};        // one more field; without a name: none
};

// Head, body and end, all at once. What `answer` views need live only until the call returns.
// REQUIRES: as WholeAnswer.
void send_answer(exchange::Exchange& exchange, const Answer& answer);

// Whether a response of that status has a body at all (RFC 9110 6.4.1; 15.3.6 for 205).
bool has_content(int status);

class WholeAnswer final : public exchange::Responder {
 public:
  // REQUIRES: answer.status is a final one, 200 or more; the text holds no control characters but
  // in the body.
  WholeAnswer(exchange::Exchange& exchange, const Answer& answer)
      : exchange_(exchange), answer_(answer) {}

  void start() override;
  void on_request_body(std::string_view) override {}
  void on_request_end(const http::Fields&) override {}
  void on_client_drained() override {}
  void cancel() override {}

 private:
  exchange::Exchange& exchange_;
  Answer answer_;
};

}  // namespace sluice::handlers
