// SPDX-License-Identifier: MIT
#include "proxy/http/request_parser.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "proxy/http/chars.h"
#include "proxy/http/head_grammar.h"
#include "proxy/http/scan.h"
#include "proxy/http/uri.h"

namespace sluice::http {
namespace {

constexpr int kMaxEmptyLines = 4;
constexpr std::size_t kMaxMethod = 32;  // bytes; the longest registered one has 17

std::string_view between(const char* from, const char* to) {
  return {from, static_cast<std::size_t>(to - from)};
}

ParseResult take_empty_lines(const char*& p, const char* end) {
  for (int lines = 0; p != end && (*p == '\r' || *p == '\n'); ++lines) {
    if (lines == kMaxEmptyLines) return ParseResult::bad(BadMessage::RequestLine);
    const ParseResult line = take_crlf(p, {end, BadMessage::None}, BadMessage::RequestLine);
    if (line.status != ParseStatus::Done) return line;
  }
  return ParseResult::done(0);
}

// What ends a part of the request line too early: the line itself, or a byte out of place.
BadMessage early_end_fault(char c, BadMessage otherwise) {
  return c == '\r' || c == '\n' ? BadMessage::RequestLine : otherwise;
}

ParseResult take_method(const char*& p, const Window& window, RequestHead& out) {
  const char* const method = p;
  p = scan::skip_token(p, window.end);
  out.method_text = between(method, p);
  // RFC 9112 3: 501, as no server has a method of that length.
  if (out.method_text.size() > kMaxMethod) return ParseResult::bad(BadMessage::MethodTooLong);
  if (p == window.end) return window.at_end();
  if (*p != ' ') return ParseResult::bad(early_end_fault(*p, BadMessage::Method));
  if (p == method) return ParseResult::bad(BadMessage::Method);
  out.method = method_of(out.method_text);
  ++p;
  return ParseResult::done(0);
}

// The bytes of the target; split_target() judges its form.
ParseResult take_target(const char*& p, const Window& window, RequestHead& out) {
  const char* const target = p;
  p = scan::skip_target(p, window.end);
  if (p == window.end) return window.at_end();
  if (*p != ' ') return ParseResult::bad(early_end_fault(*p, BadMessage::Target));
  if (p == target) return ParseResult::bad(BadMessage::Target);
  out.target = between(target, p);
  ++p;
  return ParseResult::done(0);
}

ParseResult take_request_line(const char*& p, const Window& window, RequestHead& out) {
  ParseResult part = take_method(p, window, out);
  if (part.status == ParseStatus::Done) part = take_target(p, window, out);
  if (part.status == ParseStatus::Done) part = take_version(p, window, out.version);
  if (part.status == ParseStatus::Done) part = take_crlf(p, window, BadMessage::Version);
  return part;
}

void split_query(RequestHead& out) {
  const std::size_t mark = out.target.find('?');
  out.path = out.target.substr(0, mark);
  out.has_query = mark != std::string_view::npos;
  if (out.has_query) out.query = out.target.substr(mark + 1);
}

// RFC 9112 3.2.2. Only http and https URIs are ours to serve; userinfo fails as part of the host.
bool split_absolute(RequestHead& out) {
  const std::size_t mark = out.target.find("://");
  if (mark == std::string_view::npos) return false;
  const std::string_view scheme = out.target.substr(0, mark);
  if (!iequals(scheme, "http") && !iequals(scheme, "https")) return false;
  std::string_view rest = out.target.substr(mark + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const std::optional<Authority> authority = parse_authority(rest.substr(0, authority_end));
  if (!authority) return false;

  out.form = TargetForm::Absolute;
  out.authority = rest.substr(0, authority_end);
  out.host = authority->host;
  out.target = rest.substr(authority_end);
  if (out.target.empty()) {
    // RFC 9112 3.2.4: OPTIONS without a path is about the whole server.
    out.target = out.method == Method::Options ? "*" : "/";
  }
  split_query(out);
  if (out.path.empty()) out.path = "/";
  return true;
}

// RFC 9112 3.2.3: CONNECT alone, and with a port.
bool split_connect(RequestHead& out) {
  const std::optional<Authority> authority = parse_authority(out.target);
  if (!authority || !authority->port) return false;
  out.form = TargetForm::Authority;
  out.authority = out.target;
  out.host = authority->host;
  return true;
}

bool split_target(RequestHead& out) {
  if (out.method == Method::Connect) return split_connect(out);
  if (out.target.front() == '/') {
    split_query(out);
    return true;
  }
  if (out.target == "*") {
    out.form = TargetForm::Asterisk;
    out.path = out.target;
    return out.method == Method::Options;
  }
  return split_absolute(out);
}

// RFC 9112 3.2. Host is judged even where the target outranks it. An empty one says that there is
// no authority, which is true of "*" alone and harmless beside an absolute-form target.
BadMessage judge_host(const HeadFacts& facts, RequestHead& out) {
  if (facts.hosts > 1) return BadMessage::DuplicateHost;
  if (facts.hosts == 0) {
    return out.version == Version::Http11 ? BadMessage::MissingHost : BadMessage::None;
  }
  const std::string_view value = facts.host->value;
  if (value.empty()) {
    const bool allowed = out.form == TargetForm::Asterisk || out.form == TargetForm::Absolute;
    return allowed ? BadMessage::None : BadMessage::Host;
  }
  const std::optional<Authority> authority = parse_authority(value);
  if (!authority) return BadMessage::Host;
  if (out.authority.empty()) {
    out.authority = value;
    out.host = authority->host;
  }
  return BadMessage::None;
}

bool has_body(const BodyFraming& body) {
  return body.kind == BodyKind::Chunked || body.length != 0;
}

// RFC 9110 10.1.1. A client without a body has nothing to wait for. One of HTTP/1.0 does not wait
// at all; its field is taken out, for what we forward is HTTP/1.1 and would ask the backend for a
// 100.
BadMessage judge_expectation(RequestHead& out) {
  if (!out.fields.has(FieldId::Expect)) return BadMessage::None;
  if (out.version == Version::Http10) {
    out.fields.remove(FieldId::Expect);
    return BadMessage::None;
  }
  for (const Field& field : out.fields) {
    if (field.id == FieldId::Expect && !iequals(field.value, "100-continue")) {
      return BadMessage::Expectation;
    }
  }
  out.expect_continue = has_body(out.body);
  return BadMessage::None;
}

// RFC 1945 8.3: without it nobody can tell where the body ends but by the end of the connection,
// and then an answer could not be sent.
bool lacks_length(const RequestHead& head) {
  const bool needs_length =
      head.method == Method::Post || head.method == Method::Put || head.method == Method::Patch;
  return needs_length && head.version == Version::Http10 && head.body.kind == BodyKind::None;
}

// RFC 9110 7.6.2. A number above what we count to becomes that, as it may.
std::optional<std::uint32_t> parse_max_forwards(std::string_view text) {
  constexpr std::uint32_t kMost = 1'000'000;
  if (text.empty()) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text) {
    if (!is_class(c, char_class::kDigit)) return std::nullopt;
    value = std::min(value * 10 + static_cast<std::uint32_t>(c - '0'), kMost);
  }
  return value;
}

// For OPTIONS; TRACE, the other method it is made for, is not served.
BadMessage judge_max_forwards(RequestHead& out) {
  const std::size_t fields = out.fields.count(FieldId::MaxForwards);
  if (fields == 0 || out.method != Method::Options) return BadMessage::None;
  out.max_forwards = parse_max_forwards(out.fields.value(FieldId::MaxForwards));
  return fields == 1 && out.max_forwards ? BadMessage::None : BadMessage::MaxForwards;
}

BadMessage judge(RequestHead& out) {
  const HeadFacts facts = gather_facts(out.fields);
  BadMessage why = judge_host(facts, out);
  if (why == BadMessage::None) why = judge_framing(facts, out.version, out.body);
  if (why != BadMessage::None) return why;
  const bool bodiless = out.method == Method::Connect || out.method == Method::Trace;
  if (bodiless && has_body(out.body)) return BadMessage::BodyNotAllowed;
  if (lacks_length(out)) return BadMessage::LengthRequired;
  out.keep_alive = facts.persists(out.version);
  out.upgrade = facts.upgrade && out.version == Version::Http11 && out.fields.has(FieldId::Upgrade);
  // RFC 9112 3.2.2: what is forwarded names the host of the target, whatever Host said.
  if (out.form == TargetForm::Absolute) out.fields.set(FieldId::Host, out.authority);
  why = judge_max_forwards(out);
  return why != BadMessage::None ? why : judge_expectation(out);
}

}  // namespace

ParseResult parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& out) {
  out.clear();
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  ParseResult part = take_empty_lines(p, end);
  if (part.status != ParseStatus::Done) return part;

  const char* const head = p;
  const Window line = Window::of_line(head, limits.request_line, BadMessage::RequestLineTooLong,
                                      head, limits.head, end);
  part = take_request_line(p, line, out);
  if (part.status != ParseStatus::Done) return part;
  if (!split_target(out)) return ParseResult::bad(BadMessage::Target);

  part = take_fields(p, end, head, section_limits(limits), out.fields);
  if (part.status != ParseStatus::Done) return part;
  const BadMessage why = judge(out);
  if (why != BadMessage::None) return ParseResult::bad(why);
  return ParseResult::done(static_cast<std::size_t>(p - bytes.data()));
}

bool only_empty_lines(std::string_view bytes) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  const ParseStatus status = take_empty_lines(p, end).status;
  return status == ParseStatus::NeedMore || (status == ParseStatus::Done && p == end);
}

std::size_t find_head_end(std::string_view bytes, std::size_t from) {
  // Empty lines before the start line are no end of a head.
  const std::size_t start = bytes.find_first_not_of("\r\n");
  if (start == std::string_view::npos) return kNoHeadEnd;
  // The end is LF CR LF; an earlier call may have stopped inside of it.
  std::size_t at = std::max(start, from > 2 ? from - 2 : 0);
  while (at < bytes.size()) {
    const void* found = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
    if (found == nullptr) return kNoHeadEnd;
    at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    const bool bare = at == 0 || bytes[at - 1] != '\r';
    if (bare) return at + 1;
    if (bytes.substr(at + 1, 2) == "\r\n") return at + 3;
    ++at;
  }
  return kNoHeadEnd;
}

}  // namespace sluice::http
