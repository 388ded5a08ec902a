// SPDX-License-Identifier: MIT
// For the parser tests: a verdict as text, so that a table row is bytes and one string, and the
// checks that every row goes through besides.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/http/parse_result.h"
#include "proxy/http/request_parser.h"
#include "proxy/http/response_parser.h"
#include "tests/support/exact.h"
#include "tests/support/round_trip.h"

namespace sluice::http::rows {

using support::Exact;

inline std::string framing_text(const BodyFraming& body) {
  switch (body.kind) {
    case BodyKind::None:
      return body.announced ? "announced:" + std::to_string(body.length) : "none";
    case BodyKind::Length:
      return "length:" + std::to_string(body.length);
    case BodyKind::Chunked:
      return "chunked";
    case BodyKind::UntilClose:
      return "until-close";
  }
  return "?";
}

struct HeadRow {
  std::string_view bytes;
  std::string_view expected;
};

// What describes a message has several words, what refuses it is one.
inline bool is_accepted(std::string_view expected) {
  return expected.find(' ') != expected.npos;
}

// "need_more", the word of the fault, or what `describe` makes of the head.
template <typename Describe>
std::string verdict(const ParseResult& result, Describe&& describe) {
  if (result.status == ParseStatus::NeedMore) return "need_more";
  if (result.status == ParseStatus::Bad) return std::string(bad_message_word(result.why));
  return describe();
}

// `parse` maps bytes to a verdict. Whole, the message gets `expected`; cut anywhere, it gets
// NeedMore, or the same fault; with more bytes behind it, it gets the same.
template <typename Parse>
void check_row(std::string_view bytes, std::string_view expected, bool accepted, Parse&& parse) {
  INFO(std::string(bytes));
  CHECK(parse(Exact(bytes).view()) == expected);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = parse(Exact(bytes.substr(0, size)).view());
    const bool fits = cut == "need_more" || (!accepted && cut == expected);
    INFO("cut at " << size << ": " << cut);
    if (!fits) FAIL_CHECK("another verdict for a part of the message");
  }
  const std::string longer = std::string(bytes) + "GET /next HTTP/1.1\r\n\r\n0123456789abcdef";
  CHECK(parse(Exact(longer).view()) == expected);
}

// What was accepted is written again and read as the same message. The row has to be accepted.
inline void check_request_round_trip(std::string_view bytes) {
  INFO(std::string(bytes));
  RequestHead head;
  CHECK(parse_request_head(bytes, HeadLimits(), head).status == ParseStatus::Done);
  CHECK(support::request_round_trip(bytes).empty());
}

inline void check_response_round_trip(std::string_view bytes, Method method) {
  INFO(std::string(bytes));
  ResponseHead head;
  CHECK(parse_response_head(bytes, HeadLimits(), method, head).status == ParseStatus::Done);
  CHECK(support::response_round_trip(bytes, method).empty());
}

}  // namespace sluice::http::rows
