// SPDX-License-Identifier: MIT
#include "proxy/http/head_grammar.h"

#include <algorithm>
#include <optional>

#include "proxy/http/scan.h"

namespace sluice::http {
namespace {

constexpr std::size_t kCrlf = 2;
constexpr std::string_view kVersionPrefix = "HTTP/";
constexpr std::size_t kVersionSize = 8;
constexpr std::size_t kMaxLengthDigits = 19;

bool is_ows(char c) {
  return c == ' ' || c == '\t';
}

std::size_t distance(const char* from, const char* to) {
  return static_cast<std::size_t>(to - from);
}

BadMessage name_end_fault(char c) {
  if (is_ows(c)) return BadMessage::SpaceInFieldName;
  // A CR here ends a line without a colon; whether LF follows it or not changes nothing.
  return c == '\n' ? BadMessage::BareLf : BadMessage::FieldName;
}

// Takes "name: value CRLF".
ParseResult take_field(const char*& p, const Window& window, Fields& fields) {
  const char* const name = p;
  const char* const name_end = scan::skip_token(name, window.end);
  if (name_end == window.end) return window.at_end();
  if (*name_end != ':') return ParseResult::bad(name_end_fault(*name_end));
  if (name_end == name) return ParseResult::bad(BadMessage::FieldName);

  const char* value = name_end + 1;
  while (value != window.end && is_ows(*value)) ++value;
  const char* value_end = scan::skip_value(value, window.end);
  p = value_end;
  const ParseResult line_end = take_crlf(p, window, BadMessage::FieldValue);
  if (line_end.status != ParseStatus::Done) return line_end;

  while (value_end != value && is_ows(value_end[-1])) --value_end;
  const std::string_view name_text(name, distance(name, name_end));
  fields.add(name_text, std::string_view(value, distance(value, value_end)), field_id(name_text));
  return ParseResult::done(0);
}

// RFC 9112 6.2: 1*DIGIT, and nothing above kMaxBodyLength.
std::optional<std::uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > kMaxLengthDigits) return std::nullopt;
  std::uint64_t length = 0;  // 19 digits cannot overflow it
  for (const char c : text) {
    if (!is_class(c, char_class::kDigit)) return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (length > kMaxBodyLength) return std::nullopt;
  return length;
}

void read_connection(std::string_view value, HeadFacts& facts) {
  facts.options += 1 + static_cast<std::size_t>(std::count(value.begin(), value.end(), ','));
  if (facts.options > kMaxConnectionOptions) return;
  ListReader options(value);
  std::string_view option;
  while (options.next(option)) {
    if (iequals(option, "close")) {
      facts.close = true;
    } else if (iequals(option, "keep-alive")) {
      facts.keep_alive = true;
    } else if (iequals(option, "upgrade")) {
      facts.upgrade = true;
    } else if (field_id(option) == FieldId::Other) {
      facts.nominates = true;
    }
  }
}

}  // namespace

Window Window::of_line(const char* line, std::size_t line_max, BadMessage line_too_long,
                       const char* section, std::size_t section_max, const char* received_end) {
  const std::size_t received = distance(line, received_end);
  const std::size_t used = distance(section, line);
  const std::size_t section_left = section_max > used ? section_max - used : 0;
  const std::size_t line_left = line_max + kCrlf;
  if (received <= line_left && received <= section_left) return {received_end, BadMessage::None};
  if (section_left < line_left) return {line + section_left, BadMessage::HeadTooLarge};
  return {line + line_left, line_too_long};
}

BadMessage line_end_fault(char c, BadMessage otherwise) {
  if (c == '\n') return BadMessage::BareLf;
  return c == '\r' ? BadMessage::BareCr : otherwise;
}

ParseResult take_crlf(const char*& p, const Window& window, BadMessage otherwise) {
  if (p == window.end) return window.at_end();
  if (*p != '\r') return ParseResult::bad(line_end_fault(*p, otherwise));
  if (p + 1 == window.end) return window.at_end();
  if (p[1] != '\n') return ParseResult::bad(BadMessage::BareCr);
  p += kCrlf;
  return ParseResult::done(0);
}

ParseResult take_version(const char*& p, const Window& window, Version& version) {
  const std::size_t size = std::min(kVersionSize, distance(p, window.end));
  if (!kVersionPrefix.starts_with(std::string_view(p, size).substr(0, kVersionPrefix.size()))) {
    return ParseResult::bad(BadMessage::Version);
  }
  if (size > 5 && !is_class(p[5], char_class::kDigit)) return ParseResult::bad(BadMessage::Version);
  if (size > 6 && p[6] != '.') return ParseResult::bad(BadMessage::Version);
  if (size < kVersionSize) return window.at_end();
  if (!is_class(p[7], char_class::kDigit)) return ParseResult::bad(BadMessage::Version);
  if (p[5] != '1' || p[7] > '1') return ParseResult::bad(BadMessage::UnsupportedVersion);
  version = p[7] == '1' ? Version::Http11 : Version::Http10;
  p += kVersionSize;
  return ParseResult::done(0);
}

ParseResult take_fields(const char*& p, const char* received_end, const char* section,
                        const SectionLimits& limits, Fields& fields) {
  const std::size_t before = fields.size();
  for (;;) {
    Window window = Window::of_line(p, limits.field, limits.field_too_large, section,
                                    limits.section, received_end);
    if (window.beyond == BadMessage::HeadTooLarge) window.beyond = limits.section_too_large;
    if (p == window.end) return window.at_end();
    if (*p == '\r') return take_crlf(p, window, BadMessage::FieldName);
    if (is_ows(*p)) return ParseResult::bad(BadMessage::ObsFold);
    if (fields.size() - before == limits.fields) {
      return ParseResult::bad(BadMessage::TooManyFields);
    }
    const ParseResult line = take_field(p, window, fields);
    if (line.status != ParseStatus::Done) return line;
  }
}

SectionLimits section_limits(const HeadLimits& limits) {
  return {limits.field, limits.head, limits.fields, BadMessage::FieldTooLarge,
          BadMessage::HeadTooLarge};
}

HeadFacts gather_facts(const Fields& fields) {
  HeadFacts facts;
  for (const Field& field : fields) {
    switch (field.id) {
      case FieldId::Host:
        facts.host = &field;
        ++facts.hosts;
        break;
      case FieldId::ContentLength:
        facts.length = &field;
        ++facts.lengths;
        break;
      case FieldId::TransferEncoding:
        facts.encoding = &field;
        ++facts.encodings;
        break;
      case FieldId::Connection:
        read_connection(field.value, facts);
        break;
      default:
        break;
    }
  }
  return facts;
}

BadMessage judge_framing(const HeadFacts& facts, Version version, BodyFraming& framing) {
  framing = BodyFraming();
  if (facts.options > kMaxConnectionOptions) return BadMessage::ConnectionOptions;
  if (facts.encodings != 0) {
    if (facts.lengths != 0) return BadMessage::LengthAndEncoding;
    if (version == Version::Http10) return BadMessage::EncodingInHttp10;
    const bool only_chunked = facts.encodings == 1 && iequals(facts.encoding->value, "chunked");
    if (!only_chunked) return BadMessage::TransferEncoding;
    framing.kind = BodyKind::Chunked;
    framing.drop_trailers = facts.nominates;
    return BadMessage::None;
  }
  if (facts.lengths == 0) return BadMessage::None;
  if (facts.lengths > 1) return BadMessage::DuplicateContentLength;
  const std::optional<std::uint64_t> length = parse_length(facts.length->value);
  if (!length) return BadMessage::ContentLength;
  framing = {BodyKind::Length, *length};
  return BadMessage::None;
}

}  // namespace sluice::http
