// SPDX-License-Identifier: MIT
#include "proxy/http/status.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::http {
namespace {

constexpr std::size_t kVersion = std::string_view("HTTP/1.1 ").size();
constexpr std::size_t kCode = std::string_view("200 ").size();
constexpr std::size_t kCrlf = 2;
constexpr int kFirst = 100;
constexpr int kLast = 599;

constexpr std::array<std::string_view, 62> kLines = {
    "HTTP/1.1 100 Continue\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n",
    "HTTP/1.1 102 Processing\r\n",
    "HTTP/1.1 103 Early Hints\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 201 Created\r\n",
    "HTTP/1.1 202 Accepted\r\n",
    "HTTP/1.1 203 Non-Authoritative Information\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 205 Reset Content\r\n",
    "HTTP/1.1 206 Partial Content\r\n",
    "HTTP/1.1 207 Multi-Status\r\n",
    "HTTP/1.1 208 Already Reported\r\n",
    "HTTP/1.1 226 IM Used\r\n",
    "HTTP/1.1 300 Multiple Choices\r\n",
    "HTTP/1.1 301 Moved Permanently\r\n",
    "HTTP/1.1 302 Found\r\n",
    "HTTP/1.1 303 See Other\r\n",
    "HTTP/1.1 304 Not Modified\r\n",
    "HTTP/1.1 305 Use Proxy\r\n",
    "HTTP/1.1 307 Temporary Redirect\r\n",
    "HTTP/1.1 308 Permanent Redirect\r\n",
    "HTTP/1.1 400 Bad Request\r\n",
    "HTTP/1.1 401 Unauthorized\r\n",
    "HTTP/1.1 402 Payment Required\r\n",
    "HTTP/1.1 403 Forbidden\r\n",
    "HTTP/1.1 404 Not Found\r\n",
    "HTTP/1.1 405 Method Not Allowed\r\n",
    "HTTP/1.1 406 Not Acceptable\r\n",
    "HTTP/1.1 407 Proxy Authentication Required\r\n",
    "HTTP/1.1 408 Request Timeout\r\n",
    "HTTP/1.1 409 Conflict\r\n",
    "HTTP/1.1 410 Gone\r\n",
    "HTTP/1.1 411 Length Required\r\n",
    "HTTP/1.1 412 Precondition Failed\r\n",
    "HTTP/1.1 413 Content Too Large\r\n",
    "HTTP/1.1 414 URI Too Long\r\n",
    "HTTP/1.1 415 Unsupported Media Type\r\n",
    "HTTP/1.1 416 Range Not Satisfiable\r\n",
    "HTTP/1.1 417 Expectation Failed\r\n",
    "HTTP/1.1 421 Misdirected Request\r\n",
    "HTTP/1.1 422 Unprocessable Content\r\n",
    "HTTP/1.1 423 Locked\r\n",
    "HTTP/1.1 424 Failed Dependency\r\n",
    "HTTP/1.1 425 Too Early\r\n",
    "HTTP/1.1 426 Upgrade Required\r\n",
    "HTTP/1.1 428 Precondition Required\r\n",
    "HTTP/1.1 429 Too Many Requests\r\n",
    "HTTP/1.1 431 Request Header Fields Too Large\r\n",
    "HTTP/1.1 451 Unavailable For Legal Reasons\r\n",
    "HTTP/1.1 499 Client Closed Request\r\n",
    "HTTP/1.1 500 Internal Server Error\r\n",
    "HTTP/1.1 501 Not Implemented\r\n",
    "HTTP/1.1 502 Bad Gateway\r\n",
    "HTTP/1.1 503 Service Unavailable\r\n",
    "HTTP/1.1 504 Gateway Timeout\r\n",
    "HTTP/1.1 505 HTTP Version Not Supported\r\n",
    "HTTP/1.1 506 Variant Also Negotiates\r\n",
    "HTTP/1.1 507 Insufficient Storage\r\n",
    "HTTP/1.1 508 Loop Detected\r\n",
    "HTTP/1.1 510 Not Extended\r\n",
    "HTTP/1.1 511 Network Authentication Required\r\n",
};

constexpr int status_of(std::string_view line) {
  return (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
}

// For each status one more than its place in kLines; 0 if it has none.
constexpr std::array<std::uint8_t, kLast - kFirst + 1> make_index() {
  std::array<std::uint8_t, kLast - kFirst + 1> index{};
  for (std::size_t i = 0; i < kLines.size(); ++i) {
    const int status = status_of(kLines[i]);
    index[static_cast<std::size_t>(status - kFirst)] = static_cast<std::uint8_t>(i + 1);
  }
  return index;
}

constexpr std::array<std::uint8_t, kLast - kFirst + 1> kIndex = make_index();

}  // namespace

std::string_view status_text(int status) {
  const std::string_view line = status_line(status);
  return line.empty() ? line : line.substr(kVersion, line.size() - kVersion - kCrlf);
}

std::string_view reason_phrase(int status) {
  const std::string_view text = status_text(status);
  return text.empty() ? text : text.substr(kCode);
}

std::string_view status_line(int status) {
  if (status < kFirst || status > kLast) return {};
  const std::size_t place = kIndex[static_cast<std::size_t>(status - kFirst)];
  return place == 0 ? std::string_view() : kLines[place - 1];
}

}  // namespace sluice::http
