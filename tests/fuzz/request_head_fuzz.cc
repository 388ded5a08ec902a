// SPDX-License-Identifier: MIT
// Request heads: one verdict however the bytes arrive, nothing that could end a line inside a name
// or a value, views into the input alone, and the same message when it is written and read again.
#include <algorithm>
#include <string>
#include <string_view>

#include "proxy/http/head_grammar.h"
#include "proxy/http/request_parser.h"
#include "tests/fuzz/cuts.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"
#include "tests/support/round_trip.h"

namespace sluice::fuzz {
namespace {

using namespace std::string_view_literals;
using http::BodyKind;
using http::FieldId;
using http::kNoHeadEnd;
using http::ParseStatus;
using http::RequestHead;
using support::Exact;

constexpr http::HeadLimits kTight{.request_line = 24, .field = 20, .head = 96, .fields = 4};
constexpr std::size_t kEmptyLinesMax = 8;  // bytes: four of them

bool within(std::string_view view, std::string_view whole) {
  if (view.empty() || view == "/"sv || view == "*"sv) return true;
  return view.data() >= whole.data() && view.data() + view.size() <= whole.data() + whole.size();
}

void check_views(const RequestHead& head, std::string_view whole) {
  for (const std::string_view view :
       {head.method_text, head.target, head.path, head.query, head.host, head.authority}) {
    MUST(within(view, whole));
    MUST(view.find_first_of("\r\n\0 \t"sv) == std::string_view::npos);
  }
  for (const http::Field& field : head.fields) {
    MUST(within(field.value, whole));
    MUST(http::is_token(field.name));
    MUST(http::is_field_value(field.value));
    MUST(http::trim_ows(field.value) == field.value);
    MUST(field.id == http::field_id(field.name));
  }
}

void check_meaning(const RequestHead& head, const http::HeadLimits& limits) {
  const http::Fields& fields = head.fields;
  MUST(http::is_token(head.method_text));
  MUST(head.method == http::method_of(head.method_text));
  MUST(fields.size() <= limits.fields);
  MUST(fields.count(FieldId::Host) <= 1);
  MUST(head.version == http::Version::Http10 || fields.has(FieldId::Host));
  MUST(fields.count(FieldId::ContentLength) + fields.count(FieldId::TransferEncoding) <= 1);
  MUST((head.body.kind == BodyKind::Chunked) == fields.has(FieldId::TransferEncoding));
  MUST((head.body.kind == BodyKind::Length) == fields.has(FieldId::ContentLength));
  MUST(head.body.length <= http::kMaxBodyLength);
  MUST(!head.expect_continue || head.body.has_body());
  MUST(http::gather_facts(fields).options <= http::kMaxConnectionOptions);
  MUST(head.authority.starts_with(head.host));
  MUST(head.target == "*" || head.target.empty() == false);
}

// Whatever was accepted whole is accepted at its last byte and not before.
void check_accepted(std::string_view bytes, const http::HeadLimits& limits, const RequestHead& head,
                    std::size_t consumed) {
  MUST(consumed <= bytes.size() && consumed <= limits.head + kEmptyLinesMax);
  MUST(bytes.substr(0, consumed).ends_with("\r\n\r\n"));
  MUST(http::find_head_end(bytes, 0) == consumed);
  check_views(head, bytes.substr(0, consumed));
  check_meaning(head, limits);

  const std::string text = support::text_of(head);
  const Exact alone(bytes.substr(0, consumed));
  RequestHead again;
  MUST(http::parse_request_head(alone.view(), limits, again).consumed == consumed);
  MUST(support::text_of(again) == text);
  std::string moved(alone.view());
  again.rebase(alone.view(), moved.data());
  check_views(again, moved);
  MUST(support::text_of(again) == text);

  for_each_cut(consumed, [&](std::size_t at) {
    const Exact part(bytes.substr(0, at));
    MUST(http::parse_request_head(part.view(), limits, again).status == ParseStatus::NeedMore);
    MUST(http::find_head_end(part.view(), 0) == kNoHeadEnd);
    MUST(http::find_head_end(bytes, at) == consumed);
  });
}

void check_refused(std::string_view bytes, const http::HeadLimits& limits, http::BadMessage why) {
  MUST(why != http::BadMessage::None);
  bool refused = false;
  for_each_cut(bytes.size(), [&](std::size_t at) {
    const Exact part(bytes.substr(0, at));
    RequestHead head;
    const http::ParseResult result = http::parse_request_head(part.view(), limits, head);
    MUST(result.status != ParseStatus::Done && result.consumed == 0);
    refused = refused || result.status == ParseStatus::Bad;
    MUST(refused == (result.status == ParseStatus::Bad));
    MUST(!refused || result.why == why);
  });
}

void check_unfinished(std::string_view bytes, const http::HeadLimits& limits) {
  MUST(bytes.size() <= limits.head + kEmptyLinesMax);
  for_each_cut(bytes.size(), [&](std::size_t at) {
    RequestHead head;
    const Exact part(bytes.substr(0, at));
    MUST(http::parse_request_head(part.view(), limits, head).status == ParseStatus::NeedMore);
  });
}

void check(std::string_view bytes, const http::HeadLimits& limits) {
  RequestHead head;
  const http::ParseResult result = http::parse_request_head(bytes, limits, head);
  switch (result.status) {
    case ParseStatus::Done:
      return check_accepted(bytes, limits, head, result.consumed);
    case ParseStatus::Bad:
      MUST(result.consumed == 0);
      return check_refused(bytes, limits, result.why);
    case ParseStatus::NeedMore:
      return check_unfinished(bytes, limits);
  }
}

}  // namespace

void request_head(std::string_view bytes) {
  check(bytes, http::HeadLimits());
  check(bytes, kTight);
  const std::string difference = support::request_round_trip(bytes);
  if (!difference.empty()) throw Broken(difference);
}

}  // namespace sluice::fuzz
