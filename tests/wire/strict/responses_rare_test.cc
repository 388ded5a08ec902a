// SPDX-License-Identifier: MIT
// Responses that are rare and right: they reach the client as they are, or in the one spelling that
// means the same, and their connection serves the next request.
#include <catch2/catch.hpp>
#include <string>

#include "tests/wire/strict/responses.h"

using namespace std::string_view_literals;
using sluice::wire::AnsweredRow;
using sluice::wire::kOk;
using sluice::wire::kOkHead;
using sluice::wire::kPlainHead;
using sluice::wire::ResponseTable;
using sluice::wire::Reuse;

namespace {

// Status lines, before "Date: 1", "Content-Length: 2" and "ok".
constexpr std::string_view kRareStatusLines[] = {
    "HTTP/1.1 200 Any\ttext, (\xe9)",
    "HTTP/1.1 200  OK",
    "HTTP/1.1 200 OK ",
    "HTTP/1.1 201 Created",
    "HTTP/1.1 203 Non-Authoritative Information",
    "HTTP/1.1 205 Reset Content",
    "HTTP/1.1 206 Partial Content",
    "HTTP/1.1 207 Multi-Status",
    "HTTP/1.1 226 IM Used",
    "HTTP/1.1 299 ",
    "HTTP/1.1 299 Odd",
    "HTTP/1.1 300 Multiple Choices",
    "HTTP/1.1 305 Use Proxy",
    "HTTP/1.1 306 (Unused)",
    "HTTP/1.1 308 Permanent Redirect",
    "HTTP/1.1 402 Payment Required",
    "HTTP/1.1 407 Proxy Authentication Required",
    "HTTP/1.1 408 Request Timeout",
    "HTTP/1.1 417 Expectation Failed",
    "HTTP/1.1 418 I'm a teapot",
    "HTTP/1.1 421 Misdirected Request",
    "HTTP/1.1 425 Too Early",
    "HTTP/1.1 451 Unavailable For Legal Reasons",
    "HTTP/1.1 498 ",
    "HTTP/1.1 499 X",
    "HTTP/1.1 500 HTTP/1.0 200 OK",
    "HTTP/1.1 502 Bad Gateway",
    "HTTP/1.1 511 Network Authentication Required",
    "HTTP/1.1 599 X",
};

// Behind "HTTP/1.1 200 OK" and "Date: 1".
constexpr std::string_view kRareAnswerFields[] = {
    "!#$%&'*+-.^_`|~09azAZ: b\r\n",
    "X_Under.Score: b\r\n",  // only requests go to what would fold it
    "A: \x80\xff\r\n",
    "A: b\tc  d\r\n",
    "A: \r\n",
    "A: \";,=(\\\r\n",
    "Set-Cookie: a=b\r\nSet-Cookie: a=c; Path=/\r\nset-cookie: d\r\n",
    "Location: /%0d%0aSet-Cookie:%20a=b\r\n",
    "Server: a/1 (b)\r\nVia: 1.1 c\r\nAge: 5\r\n",
    "Content-Encoding: gzip\r\nContent-Range: bytes 0-1/*\r\n",
    "Trailer: X-Sum\r\n",
    "X-Forwarded-For: 1.2.3.4\r\nX-Request-Id: 5\r\n",
    "WWW-Authenticate: Basic realm=\"a\", Bearer\r\nAlt-Svc: clear\r\n",
    "A-Name-Of-More-Than-Thirty-Two-Bytes-Is-Nothing-Special: b\r\n",
};

constexpr AnsweredRow kWholeAnswers[] = {
    // no reason, and the space before it
    {"HTTP/1.1 200 \r\nDate: 1\r\nContent-Length: 2\r\n\r\nok", kOk},
    {"HTTP/1.1 200\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok", kOk},
    {"HTTP/1.1 298\r\nDate: 1\r\nContent-Length: 0\r\n\r\n",
     "HTTP/1.1 298 \r\nDate: 1\r\nContent-Length: 0\r\n\r\n"},
    // a Date is added where there is none
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
     "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 2\r\n\r\nok"},
    // framing, in our spelling
    {"HTTP/1.1 200 OK\r\ncontent-length:0002\r\nDate:1\r\n\r\nok", kOk},
    {"HTTP/1.1 200 OK\r\nContent-Length: \t2 \t\r\nDate: \t1 \r\n\r\nok", kOk},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 6\r\n\r\n\0\r\n\r\n\xff"sv,
     "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 6\r\n\r\n\0\r\n\r\n\xff"sv},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 38\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0"
     "\r\n\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 38\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0"
     "\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: CHUNKED\r\n\r\n0005;a=\"b;c\"\r\nhello\r\n"
     "A\r\n, 01234567\r\n000\r\nX-Sum: 1\r\n\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\nf\r\nhello, 01234567\r\n0\r\n"
     "X-Sum: 1\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n"},
    {"HTTP/1.0 200 OK\r\nDate: 1\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", kOk},
    // chunked, towards a client that knows no chunks
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n"
     "\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: close\r\n\r\nok", Reuse::Yes,
     "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", false, true},
    // no body, whatever the head says
    {"HTTP/1.1 204 No Content\r\nDate: 1\r\n\r\n", "HTTP/1.1 204 No Content\r\nDate: 1\r\n\r\n"},
    {"HTTP/1.1 204 No Content\r\nDate: 1\r\nContent-Length: 0\r\n\r\n",
     "HTTP/1.1 204 No Content\r\nDate: 1\r\n\r\n"},
    {"HTTP/1.1 205 Reset Content\r\nDate: 1\r\nContent-Length: 0\r\n\r\n",
     "HTTP/1.1 205 Reset Content\r\nDate: 1\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 304 Not Modified\r\nDate: 1\r\n\r\n",
     "HTTP/1.1 304 Not Modified\r\nDate: 1\r\n\r\n"},
    {"HTTP/1.1 304 Not Modified\r\nDate: 1\r\nContent-Length: 1234\r\n\r\n",
     "HTTP/1.1 304 Not Modified\r\nDate: 1\r\nContent-Length: 1234\r\n\r\n"},
    {"HTTP/1.1 304 Not Modified\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     "HTTP/1.1 304 Not Modified\r\nDate: 1\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\n", kOkHead, Reuse::Yes, kPlainHead},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 9223372036854775807\r\n\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 9223372036854775807\r\n\r\n", Reuse::Yes,
     kPlainHead},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nDate: 1\r\n\r\n", Reuse::Yes,
     kPlainHead},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\n\r\n", Reuse::Yes, kPlainHead},
    {"HTTP/1.1 404 Not Found\r\nDate: 1\r\nContent-Length: 9\r\n\r\n",
     "HTTP/1.1 404 Not Found\r\nDate: 1\r\nContent-Length: 9\r\n\r\n", Reuse::Yes, kPlainHead},
};

}  // namespace

TEST_CASE("strict responses: what is rare and right reaches the client as it is",
          "[wire][strict]") {
  ResponseTable table;
  for (const std::string_view line : kRareStatusLines) {
    const std::string text = std::string(line) + "\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok";
    table.answered({text, text});
  }
  for (const std::string_view fields : kRareAnswerFields) {
    const std::string text =
        "HTTP/1.1 200 OK\r\nDate: 1\r\n" + std::string(fields) + "Content-Length: 2\r\n\r\nok";
    table.answered({text, text});
  }
  table.answered(kWholeAnswers);
  CHECK(table.finish() >= 66);
}
