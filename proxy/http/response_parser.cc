// SPDX-License-Identifier: MIT
#include "proxy/http/response_parser.h"

#include <algorithm>

#include "proxy/http/head_grammar.h"
#include "proxy/http/scan.h"

namespace sluice::http {
namespace {

constexpr std::ptrdiff_t kStatusDigits = 3;
constexpr int kMinStatus = 100;
constexpr int kMaxStatus = 599;

ParseResult take_space(const char*& p, const Window& window) {
  if (p == window.end) return window.at_end();
  if (*p != ' ') return ParseResult::bad(BadMessage::StatusLine);
  ++p;
  return ParseResult::done(0);
}

ParseResult take_status(const char*& p, const Window& window, ResponseHead& out) {
  const char* const digits_end = p + std::min(kStatusDigits, window.end - p);
  int status = 0;
  const bool complete = digits_end - p == kStatusDigits;
  for (; p != digits_end; ++p) {
    if (!is_class(*p, char_class::kDigit)) return ParseResult::bad(BadMessage::Status);
    status = status * 10 + (*p - '0');
  }
  if (!complete || p == window.end) return window.at_end();
  // A fourth digit is a fault of the status, not of what follows it.
  if (is_class(*p, char_class::kDigit) || status < kMinStatus || status > kMaxStatus) {
    return ParseResult::bad(BadMessage::Status);
  }
  out.status = status;
  return ParseResult::done(0);
}

// SP reason CRLF, or CRLF at once.
ParseResult take_reason(const char*& p, const Window& window, ResponseHead& out) {
  if (*p == ' ') {
    const char* const reason = ++p;
    p = scan::skip_value(p, window.end);
    out.reason = std::string_view(reason, static_cast<std::size_t>(p - reason));
  }
  return take_crlf(p, window, BadMessage::StatusLine);
}

ParseResult take_status_line(const char*& p, const Window& window, ResponseHead& out) {
  ParseResult part = take_version(p, window, out.version);
  if (part.status == ParseStatus::Done) part = take_space(p, window);
  if (part.status == ParseStatus::Done) part = take_status(p, window, out);
  if (part.status == ParseStatus::Done) part = take_reason(p, window, out);
  return part;
}

bool forbids_body(int status) {
  return status < 200 || status == 204;
}

// RFC 9112 6.3, rules 1, 2 and 8; judge_framing() has applied the others. Returns whether the
// connection is still in step behind this message.
bool frame_response(Method request_method, ResponseHead& out) {
  const BodyFraming sent = out.body;
  const bool tunnel = request_method == Method::Connect && out.status / 100 == 2;
  if (forbids_body(out.status) || tunnel) {
    // Neither field may be here. If the backend sends the body it announces, those bytes would be
    // taken for the next response: no such connection may live on.
    out.body = BodyFraming();
    return sent.kind == BodyKind::None || (sent.kind == BodyKind::Length && sent.length == 0);
  }
  if (request_method == Method::Head || out.status == 304) {
    out.body = BodyFraming();
    if (sent.kind == BodyKind::Length) {
      out.body.length = sent.length;
      out.body.announced = true;
    }
    return true;
  }
  if (sent.kind != BodyKind::None) return true;
  out.body.kind = BodyKind::UntilClose;
  return false;
}

BadMessage judge(Method request_method, ResponseHead& out) {
  const HeadFacts facts = gather_facts(out.fields);
  const BadMessage why = judge_framing(facts, out.version, out.body);
  if (why != BadMessage::None) return why;
  // RFC 9110 8.6 and RFC 9112 6.1 forbid it. No body would be read, so one that is sent would be
  // taken for the next head, which then is whatever the body says.
  if (out.is_interim() && out.body.has_body()) return BadMessage::BodyNotAllowed;
  const bool in_step = frame_response(request_method, out);
  out.keep_alive = in_step && facts.persists(out.version);
  out.upgrade = out.status == 101 && facts.upgrade && out.version == Version::Http11 &&
                out.fields.has(FieldId::Upgrade);
  return BadMessage::None;
}

}  // namespace

ParseResult parse_response_head(std::string_view bytes, const HeadLimits& limits,
                                Method request_method, ResponseHead& out) {
  out.clear();
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  const Window line = Window::of_line(p, limits.request_line, BadMessage::HeadTooLarge,
                                      bytes.data(), limits.head, end);
  ParseResult part = take_status_line(p, line, out);
  if (part.status != ParseStatus::Done) return part;
  part = take_fields(p, end, bytes.data(), section_limits(limits), out.fields);
  if (part.status != ParseStatus::Done) return part;
  const BadMessage why = judge(request_method, out);
  if (why != BadMessage::None) return ParseResult::bad(why);
  return ParseResult::done(static_cast<std::size_t>(p - bytes.data()));
}

}  // namespace sluice::http
