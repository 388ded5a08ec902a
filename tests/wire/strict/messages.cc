// SPDX-License-Identifier: MIT
#include "tests/wire/strict/messages.h"

#include <fmt/format.h>

#include <charconv>

#include "tests/support/http_reader.h"

namespace sluice::wire {

namespace {

using support::Connection;
using support::Failure;
using support::Message;

// RFC 9112 7.1, without extensions: a recipient that frames anew has none of its own.
std::size_t chunk_size(std::string_view line) {
  const std::string_view digits = line.substr(0, line.size() - 2);
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), size, 16);
  if (error != std::errc{} || end != digits.end()) {
    throw Failure("a chunk size that we would not write: " + support::printable(line));
  }
  return size;
}

std::string take_chunks(Connection& from) {
  std::string payload;
  while (const std::size_t size = chunk_size(from.recv_until("\r\n"))) {
    payload += from.recv_exact(size);
    if (from.recv_exact(2) != "\r\n") throw Failure("a chunk that does not end where it should");
  }
  std::string text;
  if (!payload.empty()) text = fmt::format("{:x}\r\n{}\r\n", payload.size(), payload);
  text += "0\r\n";
  std::string line;
  do {
    line = from.recv_until("\r\n");
    text += line;
  } while (line != "\r\n");
  return text;
}

std::string take_body(Connection& from, const Message& head) {
  if (head.has("Transfer-Encoding")) {
    if (head.has("Content-Length")) throw Failure("both framings: " + head.start_line);
    if (head.field("Transfer-Encoding") != "chunked") throw Failure("another transfer coding");
    return take_chunks(from);
  }
  if (!head.has("Content-Length")) return {};
  const std::string digits = head.field("Content-Length");
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    throw Failure("Content-Length: " + digits);
  }
  return from.recv_exact(size);
}

std::string date_text(std::time_t time) {
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

std::string_view reason_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 505:
      return "HTTP Version Not Supported";
    default:
      throw Failure(fmt::format("no reason for {} in this test", status));
  }
}

// RFC 9209 2.3.
std::string_view proxy_status_of(int status, std::string_view word) {
  if (word == "method_refused") return "http_request_denied";
  if (word == "body_too_large" && status == 413) return "http_request_denied";
  if (word == "backend_closed_early") return "connection_terminated";
  if (word == "backend_truncated") return "http_response_incomplete";
  if (word == "unasked_upgrade") return "http_upgrade_failed";
  return status == 502 ? "http_protocol_error" : "http_request_error";
}

}  // namespace

std::string take_request(Connection& from) {
  const std::string head = from.recv_until("\r\n\r\n");
  return head + take_body(from, support::parse_request_head(head));
}

std::string take_response(Connection& from, bool to_head) {
  std::string text;
  for (;;) {
    const std::string head = from.recv_until("\r\n\r\n");
    text += head;
    const support::Response parsed = support::parse_response_head(head);
    if (parsed.status < 200) continue;
    const bool bodiless = to_head || parsed.status == 204 || parsed.status == 304;
    if (bodiless) return text;
    const bool framed = parsed.has("Transfer-Encoding") || parsed.has("Content-Length");
    return text + (framed ? take_body(from, parsed) : from.recv_to_close());
  }
}

std::string many(std::size_t count, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string error_page(int status, std::string_view word, bool closes) {
  const std::string_view reason = reason_of(status);
  const std::string body = fmt::format("{} {}\nrequest id: \n", status, reason);
  constexpr std::size_t kIdBytes = 32;
  std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nProxy-Status: sluice; "
      "error={}\r\n",
      status, reason, proxy_status_of(status, word));
  if (status == 405) text += "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n";
  text += fmt::format("Date: {{date}}\r\nContent-Length: {}\r\n", body.size() + kIdBytes);
  if (closes) text += "Connection: close\r\n";
  return text + fmt::format("\r\n{} {}\nrequest id: {{id}}\n", status, reason);
}

std::string pin(std::string text, std::time_t since, std::string& ids) {
  const std::time_t now = std::time(nullptr);
  for (std::time_t second = since; second <= now; ++second) {
    const std::string date = "Date: " + date_text(second) + "\r\n";
    const std::size_t at = text.find(date);
    if (at != std::string::npos) text.replace(at, date.size(), "Date: {date}\r\n");
  }
  constexpr std::size_t kIdBytes = 32;
  for (const std::string_view before : {"request id: ", "X-Request-Id: "}) {
    std::size_t at = text.find(before);
    if (at == std::string::npos) continue;
    at += before.size();
    const std::string id = text.substr(at, kIdBytes);
    const bool hex =
        id.size() == kIdBytes && id.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hex) continue;
    ids += id;
    text.replace(at, kIdBytes, "{id}");
  }
  return text;
}

}  // namespace sluice::wire
