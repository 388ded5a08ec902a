// SPDX-License-Identifier: MIT
#include "tests/support/wire_reader.h"

#include <charconv>
#include <cstddef>
#include <optional>

namespace sluice::support {
namespace {

constexpr std::string_view kCrlf = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::size_t number(std::string_view digits, int base, const char* what) {
  std::size_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    throw Failure(std::string("malformed ") + what + ": " + printable(digits));
  }
  return value;
}

// Takes pieces off the front of the recorded bytes; nothing once they run out.
class Tape {
 public:
  explicit Tape(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }
  std::string_view all() { return take(rest_.size()); }

  std::optional<std::string_view> exactly(std::size_t bytes) {
    if (rest_.size() < bytes) return std::nullopt;
    return take(bytes);
  }
  // Up to and with `mark`.
  std::optional<std::string_view> until(std::string_view mark) {
    const std::size_t at = rest_.find(mark);
    if (at == std::string_view::npos) return std::nullopt;
    return take(at + mark.size());
  }

 private:
  std::string_view take(std::size_t bytes) {
    const std::string_view piece = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return piece;
  }

  std::string_view rest_;
};

// The product sends no chunk extensions.
bool take_chunks(Tape& tape, Message& message) {
  message.chunked = true;
  for (;;) {
    const auto line = tape.until(kCrlf);
    if (!line) return false;
    const std::size_t size = number(line->substr(0, line->size() - 2), 16, "chunk size");
    if (size == 0) break;
    const auto data = tape.exactly(size);
    const auto end = data ? tape.exactly(2) : std::nullopt;
    if (!end) return false;
    if (*end != kCrlf) throw Failure("malformed end of a chunk: " + printable(*end));
    message.body += *data;
    ++message.chunks;
  }
  for (;;) {
    const auto line = tape.until(kCrlf);
    if (!line) return false;
    if (*line == kCrlf) return true;
    message.trailers.emplace_back(*line, "");
  }
}

enum class Framing { None, Length, Chunked };

Framing framing_of(const Message& message) {
  const bool length = message.has("content-length");
  if (!message.has("transfer-encoding")) return length ? Framing::Length : Framing::None;
  if (length) throw Failure("both Content-Length and Transfer-Encoding");
  if (message.field("transfer-encoding") != "chunked") throw Failure("another Transfer-Encoding");
  return Framing::Chunked;
}

bool take_framed(Tape& tape, Message& message, Framing framing) {
  if (framing == Framing::None) return true;
  if (framing == Framing::Chunked) return take_chunks(tape, message);
  const auto data = tape.exactly(number(message.field("content-length"), 10, "Content-Length"));
  if (data) message.body = *data;
  return data.has_value();
}

bool take_answer_body(Tape& tape, Response& response, bool to_head, bool ended) {
  const Framing framing = framing_of(response);
  if (response.status < 200 || response.status == 204) {
    if (framing != Framing::None) throw Failure("framing in a " + response.start_line);
    return true;
  }
  if (to_head || response.status == 304) return true;
  if (framing != Framing::None) return take_framed(tape, response, framing);
  if (!equal_ignoring_case(response.field("connection"), "close")) {
    throw Failure("a body until close, and no word of closing: " + response.start_line);
  }
  response.until_close = true;
  response.body = tape.all();
  return ended;
}

}  // namespace

Answers read_answers(std::string_view bytes, const std::vector<std::string>& methods, bool ended) {
  Answers answers;
  Tape tape(bytes);
  while (!tape.at_end()) {
    const std::size_t number_of_answer = answers.complete.size();
    if (number_of_answer == methods.size()) {
      throw Failure("bytes behind the last answer: " + printable(tape.all()));
    }
    const auto head = tape.until(kHeadEnd);
    answers.cut = !head.has_value();
    if (!head) break;
    Response response = parse_response_head(*head);
    const std::string& method = methods[number_of_answer];
    const bool connected = method == "CONNECT" && response.status / 100 == 2;
    if (connected || response.status == 101) {
      response.body = tape.all();
      answers.complete.push_back(std::move(response));
      continue;
    }
    const bool to_head = method == "HEAD";
    answers.cut = !take_answer_body(tape, response, to_head, ended);
    if (answers.cut) break;
    if (response.status < 200) {
      ++answers.interims;
    } else {
      answers.complete.push_back(std::move(response));
    }
  }
  return answers;
}

Requests read_requests(std::string_view bytes) {
  Requests requests;
  Tape tape(bytes);
  while (!tape.at_end()) {
    const auto head = tape.until(kHeadEnd);
    requests.cut = !head.has_value();
    if (!head) break;
    Request request = parse_request_head(*head);
    if (request.version != "HTTP/1.1") throw Failure("another version: " + request.start_line);
    if (request.values("host").size() != 1) throw Failure("not one Host: " + printable(*head));
    requests.cut = !take_framed(tape, request, framing_of(request));
    if (requests.cut) break;
    const bool may_be_tunnel = request.method == "CONNECT" || request.has("upgrade");
    requests.complete.push_back(std::move(request));
    if (may_be_tunnel) break;
  }
  return requests;
}

}  // namespace sluice::support
