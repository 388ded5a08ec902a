// SPDX-License-Identifier: MIT
#include "tests/support/http_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice::support {
namespace {

constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || kTokenMarks.find(c) != std::string_view::npos;
  });
}

// No control characters but the tab: neither a stray CR nor a NUL gets past.
bool is_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

[[noreturn]] void malformed(std::string_view what, std::string_view text) {
  throw Failure(fmt::format("malformed {}: {}", what, printable(text)));
}

std::size_t parse_number(std::string_view text, int base, std::string_view what) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  // from_chars takes neither a sign nor a space here, and an empty text is an error.
  if (error != std::errc{} || end != text.data() + text.size()) malformed(what, text);
  return value;
}

// Cuts the next line off, which has to end with CRLF and to hold no control characters.
std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) malformed("line", rest);
  const std::string_view line = rest.substr(0, end);
  if (!is_text(line)) malformed("line", line);
  rest.remove_prefix(end + 2);
  return line;
}

std::pair<std::string, std::string> parse_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    malformed("field line", line);
  }
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  return {std::string(line.substr(0, colon)), std::string(value)};
}

// Field lines up to the empty line, with which `rest` has to end.
Fields parse_fields(std::string_view rest, std::string_view what) {
  Fields fields;
  for (;;) {
    const std::string_view line = next_line(rest);
    if (line.empty()) break;
    fields.push_back(parse_field(line));
  }
  if (!rest.empty()) malformed(what, rest);
  return fields;
}

void check_version(std::string_view version, std::string_view line) {
  if (version != "HTTP/1.1" && version != "HTTP/1.0") malformed("version", line);
}

// The head that comes next, empty line included; empty when the stream ends before its first byte.
std::string receive_head(Connection& from, const Deadline& deadline) {
  if (from.peek(1, deadline).empty()) return {};
  return from.recv_until("\r\n\r\n", deadline);
}

void read_chunked(Connection& from, Message& message, const Deadline& deadline) {
  message.chunked = true;
  for (;;) {
    std::string size_line = from.recv_until("\r\n", deadline);
    size_line.resize(size_line.size() - 2);
    std::string_view digits = size_line;
    digits = digits.substr(0, digits.find(';'));
    const std::size_t size = parse_number(digits, 16, "chunk size");
    if (size == 0) break;
    message.body += from.recv_exact(size, deadline);
    ++message.chunks;
    if (const std::string end = from.recv_exact(2, deadline); end != "\r\n") {
      malformed("end of a chunk", end);
    }
  }
  std::string trailers;
  std::string line;
  do {
    line = from.recv_until("\r\n", deadline);
    trailers += line;
  } while (line != "\r\n");
  message.trailers = parse_fields(trailers, "trailers");
}

std::optional<std::size_t> content_length(const Message& message) {
  if (!message.has("content-length")) return std::nullopt;
  return parse_number(message.field("content-length"), 10, "Content-Length");
}

// Reads what the framing fields announce; false when there are none.
bool read_framed(Connection& from, Message& message, const Deadline& deadline) {
  const auto length = content_length(message);
  if (message.has("transfer-encoding")) {
    const std::string coding = message.field("transfer-encoding");
    if (!equal_ignoring_case(coding, "chunked")) malformed("Transfer-Encoding", coding);
    if (length) throw Failure("both Content-Length and Transfer-Encoding");
    read_chunked(from, message, deadline);
    return true;
  }
  if (length) message.body = from.recv_exact(*length, deadline);
  return length.has_value();
}

bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string> Message::values(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [field_name, value] : fields) {
    if (equal_ignoring_case(field_name, name)) found.push_back(value);
  }
  return found;
}

std::string Message::field(std::string_view name) const {
  std::vector<std::string> found = values(name);
  if (found.size() > 1) throw Failure(fmt::format("{} came {} times", name, found.size()));
  return found.empty() ? std::string() : std::move(found.front());
}

// status-line = HTTP-version SP status-code SP [ reason-phrase ]  (RFC 9112, 4)
Response parse_response_head(std::string_view head) {
  Response response;
  const std::string_view line = next_line(head);
  response.start_line = line;
  if (line.size() < 13 || line[8] != ' ' || line[12] != ' ') malformed("status line", line);
  response.version = line.substr(0, 8);
  check_version(response.version, line);
  response.status = static_cast<int>(parse_number(line.substr(9, 3), 10, "status"));
  if (response.status < 100) malformed("status", line);
  response.reason = line.substr(13);
  response.fields = parse_fields(head, "head");
  return response;
}

// request-line = method SP request-target SP HTTP-version  (RFC 9112, 3)
Request parse_request_head(std::string_view head) {
  Request request;
  const std::string_view line = next_line(head);
  request.start_line = line;
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) malformed("request line", line);
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  request.version = line.substr(last + 1);
  if (!is_token(request.method)) malformed("method", line);
  if (request.target.empty() || request.target.find_first_of(" \t") != std::string::npos) {
    malformed("request target", line);
  }
  check_version(request.version, line);
  request.fields = parse_fields(head, "head");
  return request;
}

Response read_response_head(Connection& from, Deadline deadline) {
  const std::string head = receive_head(from, deadline);
  if (head.empty()) throw Failure("the stream ended instead of a response");
  return parse_response_head(head);
}

Response read_response(Connection& from, ResponseTo to, Deadline deadline) {
  Response response = read_response_head(from, deadline);
  const bool tunnel = to == ResponseTo::Connect && response.status / 100 == 2;
  if (to == ResponseTo::Head || tunnel || has_no_body(response.status)) {
    const bool framed = response.has("transfer-encoding") || response.has("content-length");
    if (framed && (response.status < 200 || response.status == 204)) {
      throw Failure(fmt::format("framing in a {}: {}", response.status, response.start_line));
    }
    return response;
  }
  if (!read_framed(from, response, deadline)) {
    response.until_close = true;
    response.body = from.recv_to_close(deadline);
    if (from.closed_by_reset()) throw Failure("reset within a body: " + printable(response.body));
  }
  return response;
}

std::optional<Request> read_request_head(Connection& from, Deadline deadline) {
  const std::string head = receive_head(from, deadline);
  if (head.empty()) return std::nullopt;
  return parse_request_head(head);
}

std::optional<Request> read_request(Connection& from, Deadline deadline) {
  std::optional<Request> request = read_request_head(from, deadline);
  if (request) read_body(from, *request, deadline);
  return request;
}

void read_body(Connection& from, Message& message, Deadline deadline) {
  read_framed(from, message, deadline);
}

}  // namespace sluice::support
