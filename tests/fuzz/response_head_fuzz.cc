// SPDX-License-Identifier: MIT
// Response heads, as answers to GET, HEAD and CONNECT: as strict as requests, framed by the rules
// of RFC 9112 6.3, and the same message when written and read again.
#include <string>
#include <string_view>

#include "proxy/http/response_parser.h"
#include "tests/fuzz/cuts.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"
#include "tests/support/round_trip.h"

namespace sluice::fuzz {
namespace {

using http::BodyKind;
using http::FieldId;
using http::Method;
using http::ParseStatus;
using http::ResponseHead;
using support::Exact;

constexpr http::HeadLimits kTight{.request_line = 24, .field = 20, .head = 96, .fields = 4};

void check_body(const ResponseHead& head, Method method) {
  const bool tunnel = method == Method::Connect && head.status / 100 == 2;
  const bool bodiless =
      head.status < 200 || head.status == 204 || head.status == 304 || method == Method::Head;
  if (tunnel || bodiless) return MUST(head.body.kind == BodyKind::None);
  MUST(head.body.kind != BodyKind::None && !head.body.announced);
  MUST((head.body.kind == BodyKind::Chunked) == head.fields.has(FieldId::TransferEncoding));
  MUST((head.body.kind == BodyKind::Length) == head.fields.has(FieldId::ContentLength));
  MUST(head.body.kind != BodyKind::UntilClose || !head.keep_alive);
}

void check_head(const ResponseHead& head, Method method, const http::HeadLimits& limits) {
  MUST(head.status >= 100 && head.status <= 599);
  MUST(http::is_field_value(head.reason));
  MUST(head.fields.size() <= limits.fields);
  MUST(head.body.length <= http::kMaxBodyLength);
  MUST(!head.upgrade || head.status == 101);
  for (const http::Field& field : head.fields) {
    MUST(http::is_token(field.name));
    MUST(http::is_field_value(field.value));
    MUST(http::trim_ows(field.value) == field.value);
  }
  check_body(head, method);
}

void check(std::string_view bytes, const http::HeadLimits& limits, Method method) {
  ResponseHead head;
  const http::ParseResult whole = http::parse_response_head(bytes, limits, method, head);
  const bool done = whole.status == ParseStatus::Done;
  const std::string text = done ? support::text_of(head) : std::string();
  if (done) {
    MUST(whole.consumed <= limits.head && whole.consumed <= bytes.size());
    MUST(bytes.substr(0, whole.consumed).ends_with("\r\n\r\n"));
    check_head(head, method, limits);
    const Exact alone(bytes.substr(0, whole.consumed));
    ResponseHead again;
    MUST(http::parse_response_head(alone.view(), limits, method, again).consumed == whole.consumed);
    MUST(support::text_of(again) == text);
  } else {
    MUST(whole.consumed == 0);
    MUST(whole.status == ParseStatus::Bad || bytes.size() <= limits.head);
  }
  bool refused = false;
  for_each_cut(done ? whole.consumed : bytes.size(), [&](std::size_t at) {
    const Exact part(bytes.substr(0, at));
    const http::ParseResult cut = http::parse_response_head(part.view(), limits, method, head);
    MUST(cut.status != ParseStatus::Done);
    MUST(!refused || cut.status == ParseStatus::Bad);
    refused = cut.status == ParseStatus::Bad;
    MUST(!refused || (whole.status == ParseStatus::Bad && cut.why == whole.why));
  });
}

}  // namespace

void response_head(std::string_view bytes) {
  for (const Method method : {Method::Get, Method::Head, Method::Connect}) {
    check(bytes, http::HeadLimits(), method);
    check(bytes, kTight, method);
    const std::string difference = support::response_round_trip(bytes, method);
    if (!difference.empty()) throw Broken(difference);
  }
}

}  // namespace sluice::fuzz
