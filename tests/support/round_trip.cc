// SPDX-License-Identifier: MIT
#include "tests/support/round_trip.h"

#include <fmt/format.h>

#include <limits>
#include <memory>

#include "proxy/http/head_writer.h"
#include "proxy/http/request_parser.h"
#include "proxy/http/response_parser.h"
#include "tests/support/exact.h"

namespace sluice::support {
namespace {

using http::BodyKind;
using http::ConnectionField;
using http::FieldId;
using http::ParseStatus;

// What is written may be longer than what was read: "A:b" becomes "A: b".
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max() / 2;
constexpr http::HeadLimits kNoLimits{kNoLimit, kNoLimit, kNoLimit, kNoLimit};

std::string text_of(const http::BodyFraming& body) {
  return fmt::format("body {} of {}{}", static_cast<int>(body.kind), body.length,
                     body.announced ? " announced" : "");
}

std::string text_of(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    text += fmt::format("[{}]{}={}\n", static_cast<int>(field.id), field.name, field.value);
  }
  return text;
}

// The fields that the writer decides about itself.
bool is_writers(const http::Field& field, bool upgrade) {
  switch (field.id) {
    case FieldId::ContentLength:
    case FieldId::TransferEncoding:
    case FieldId::Connection:
    case FieldId::KeepAlive:
    case FieldId::ProxyConnection:
      return true;
    case FieldId::Upgrade:
      return !upgrade;
    default:
      return false;
  }
}

std::string carried_fields(const http::Fields& fields, bool upgrade) {
  http::Fields carried = fields;
  carried.remove_if([upgrade](const http::Field& field) { return is_writers(field, upgrade); });
  return text_of(carried);
}

// The message without what belongs to one connection and one version alone.
std::string message_of(const http::RequestHead& head) {
  const bool no_path = head.target.starts_with('?');
  return fmt::format("{} {}{} path {} query {}{} host {} authority {} {} {}{}\n{}",
                     head.method_text, no_path ? "/" : "", head.target, head.path,
                     head.has_query ? "?" : "", head.query, head.host, head.authority,
                     text_of(head.body), head.expect_continue ? "expect " : "",
                     head.upgrade ? "upgrade" : "", carried_fields(head.fields, head.upgrade));
}

// An empty reason becomes the registered one.
std::string message_of(const http::ResponseHead& head, bool with_reason) {
  return fmt::format("{} {} {} {}\n{}", head.status, with_reason ? head.reason : "",
                     text_of(head.body), head.upgrade ? "upgrade" : "",
                     carried_fields(head.fields, head.upgrade));
}

// The writers run in memory of exactly the bound, so that ASan proves the bound.
std::string write(const http::RequestHead& head) {
  const std::size_t bound = http::request_head_bound(head, head.target);
  const std::unique_ptr<char[]> out(new char[bound]);
  const char* end =
      http::write_request_head(out.get(), head.method_text, head.target, head.fields, head.body,
                               head.upgrade ? ConnectionField::Upgrade : ConnectionField::None);
  return {out.get(), static_cast<std::size_t>(end - out.get())};
}

std::string write(const http::ResponseHead& head) {
  const std::size_t bound = http::response_head_bound(head.reason, head.fields);
  const std::unique_ptr<char[]> out(new char[bound]);
  ConnectionField connection = head.upgrade ? ConnectionField::Upgrade : ConnectionField::None;
  if (head.body.kind == BodyKind::UntilClose) connection = ConnectionField::Close;
  const char* end = http::write_response_head(out.get(), head.status, head.reason, head.fields,
                                              head.body, connection);
  return {out.get(), static_cast<std::size_t>(end - out.get())};
}

std::string difference(const http::ParseResult& again, const std::string& before,
                       const std::string& written, const std::string& after) {
  if (again.status != ParseStatus::Done) {
    return fmt::format("written as\n{}\nit is refused: {}", written,
                       http::bad_message_word(again.why));
  }
  if (again.consumed != written.size()) return "more was written than one head:\n" + written;
  if (before == after) return {};
  return fmt::format("was\n{}\nbecame\n{}", before, after);
}

}  // namespace

std::string text_of(const http::RequestHead& head) {
  return message_of(head) + text_of(head.fields) +
         fmt::format("version {} form {} method {}{}", static_cast<int>(head.version),
                     static_cast<int>(head.form), static_cast<int>(head.method),
                     head.keep_alive ? " keep-alive" : "");
}

std::string text_of(const http::ResponseHead& head) {
  return message_of(head, true) + text_of(head.fields) +
         fmt::format("version {}{}", static_cast<int>(head.version),
                     head.keep_alive ? " keep-alive" : "");
}

std::string request_round_trip(std::string_view bytes) {
  http::RequestHead head;
  const http::ParseResult result = http::parse_request_head(bytes, http::HeadLimits(), head);
  if (result.status != ParseStatus::Done) return {};
  // HTTP/1.0 may leave Host out; what is written is HTTP/1.1, so whoever writes it adds one.
  if (!head.fields.has(FieldId::Host)) {
    if (head.authority.empty()) head.authority = head.host = "h";
    head.fields.add(FieldId::Host, head.authority);
  }
  const std::string written = write(head);
  http::RequestHead second;
  const Exact exact(written);
  const http::ParseResult again = http::parse_request_head(exact.view(), kNoLimits, second);
  return difference(again, message_of(head), written, message_of(second));
}

std::string response_round_trip(std::string_view bytes, http::Method request_method) {
  http::ResponseHead head;
  const http::ParseResult result =
      http::parse_response_head(bytes, http::HeadLimits(), request_method, head);
  if (result.status != ParseStatus::Done) return {};
  const std::string written = write(head);
  http::ResponseHead second;
  const Exact exact(written);
  const http::ParseResult again =
      http::parse_response_head(exact.view(), kNoLimits, request_method, second);
  const bool with_reason = !head.reason.empty();
  return difference(again, message_of(head, with_reason), written, message_of(second, with_reason));
}

}  // namespace sluice::support
