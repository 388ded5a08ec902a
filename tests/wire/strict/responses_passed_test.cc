// SPDX-License-Identifier: MIT
// Responses that pass: what becomes of their bytes, and of the connection that they came on (RFC
// 9110 7.6.1 and 15, RFC 9112 6, 7 and 9).
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

constexpr std::string_view kOld = "GET / HTTP/1.0\r\nHost: a\r\n\r\n";
constexpr std::string_view kOldKeep = "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
constexpr std::string_view k204 = "HTTP/1.1 204 No Content\r\nDate: 1\r\n\r\n";
constexpr std::string_view k304 = "HTTP/1.1 304 Not Modified\r\nDate: 1\r\nETag: \"a\"\r\n\r\n";
constexpr std::string_view kChunkedAnswer =
    "HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

// Bytes behind the framing, and framing where none may be: the client gets the response, nobody
// gets the rest.
constexpr AnsweredRow kPoisoned[] = {
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nokX", kOk, Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok\r\n", kOk, Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok\0"sv, kOk, Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"
     "Content-Length: 4\r\n\r\nevil",
     kOk, Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 100 Continue\r\n\r\n", kOk,
     Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 0\r\n\r\nevil",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 0\r\n\r\n", Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nX",
     kChunkedAnswer, Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
     kChunkedAnswer, Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n\r\n",
     kChunkedAnswer, Reuse::No},
    {"HTTP/1.1 304 Not Modified\r\nDate: 1\r\nETag: \"a\"\r\n\r\nevil", k304, Reuse::No},
    {"HTTP/1.1 304 Not Modified\r\nDate: 1\r\nContent-Length: 5\r\n\r\nhello",
     "HTTP/1.1 304 Not Modified\r\nDate: 1\r\nContent-Length: 5\r\n\r\n", Reuse::No},
    {"HTTP/1.1 304 Not Modified\r\nDate: 1\r\nETag: \"a\"\r\n\r\nHTTP/1.1 200 OK\r\n"
     "Content-Length: 4\r\n\r\nevil",
     k304, Reuse::No},
    {"HTTP/1.1 304 Not Modified\r\nDate: 1\r\nETag: \"a\"\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0\r\n\r\n",
     k304, Reuse::No},
    {"HTTP/1.1 204 No Content\r\nDate: 1\r\n\r\nevil", k204, Reuse::No},
    {"HTTP/1.1 204 No Content\r\nDate: 1\r\nContent-Length: 4\r\n\r\nevil", k204, Reuse::No},
    {"HTTP/1.1 204 No Content\r\nDate: 1\r\nContent-Length: 4\r\n\r\n", k204, Reuse::No},
    {"HTTP/1.1 204 No Content\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", k204,
     Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok", kOkHead, Reuse::No, kPlainHead},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\n\r\n", Reuse::No, kPlainHead},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\n\r\nevil", "HTTP/1.1 200 OK\r\nDate: 1\r\n\r\n", Reuse::No,
     kPlainHead},
};

// Right, and the last on its connection.
constexpr AnsweredRow kLast[] = {
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", kOk,
     Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: a, CLOSE\r\nContent-Length: 2\r\n\r\nok", kOk,
     Reuse::No},
    {"HTTP/1.0 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok", kOk, Reuse::No},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\n\r\nhello", kChunkedAnswer, Reuse::No, sluice::wire::kPlainGet,
     true},
    {"HTTP/1.0 200 OK\r\nDate: 1\r\n\r\nhello", kChunkedAnswer, Reuse::No, sluice::wire::kPlainGet,
     true},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: keep-alive\r\n\r\nhello", kChunkedAnswer, Reuse::No,
     sluice::wire::kPlainGet, true},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\n\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Reuse::No,
     sluice::wire::kPlainGet, true},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n13\r\nHTTP/1.1 200 OK\r\n\r\n"
     "\r\n0\r\n\r\n",
     Reuse::No, sluice::wire::kPlainGet, true},
    {"HTTP/1.1 205 Reset Content\r\nDate: 1\r\n\r\n",
     "HTTP/1.1 205 Reset Content\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     Reuse::No, sluice::wire::kPlainGet, true},
    // an HTTP/1.0 client, whose connection then ends the body
    {"HTTP/1.1 200 OK\r\nDate: 1\r\n\r\nhello",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: close\r\n\r\nhello", Reuse::No, kOld, true, true},
};

// Fields of the backend's connection, and trailers.
constexpr AnsweredRow kDropped[] = {
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
     "Content-Length: 2\r\n\r\nok",
     kOk},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nProxy-Connection: close\r\nContent-Length: 2\r\n\r\nok", kOk},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: X-A\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok", kOk},
    {"HTTP/1.1 200 OK\r\nX-A: 1\r\nDate: 1\r\nConnection: x-b, X-A\r\nX-B: 2\r\nContent-Length: 2"
     "\r\n\r\nok",
     kOk},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: "
     "2\r\n\r\n"
     "ok",
     kOk},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nUpgrade: foo\r\nTE: trailers\r\nHTTP2-Settings: a\r\n"
     "Content-Length: 2\r\n\r\nok",
     kOk},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nProxy-Authenticate: Basic\r\nProxy-Authentication-Info: a\r\n"
     "Content-Length: 2\r\n\r\nok",
     kOk},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: Set-Cookie\r\nSet-Cookie: a=b\r\n"
     "Content-Length: 2\r\n\r\nok",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok"},
    {"HTTP/1.1 426 Upgrade Required\r\nDate: 1\r\nConnection: upgrade\r\nUpgrade: foo\r\n"
     "Content-Length: 0\r\n\r\n",
     "HTTP/1.1 426 Upgrade Required\r\nDate: 1\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 103 Early Hints\r\nConnection: X-A\r\nX-A: 1\r\nKeep-Alive: 1\r\nLink: </a>\r\n\r\n"
     "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok",
     "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
     "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
     "X-Sum: 1\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\nX_Sum: 3\r\n\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
     "X-Sum: 1\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
     "hello\r\n0\r\nX-Sum: 1\r\n\r\n",
     kChunkedAnswer},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
     "Location: /evil\r\nTransfer-Encoding: x\r\nConnection: close\r\nDate: 2\r\n\r\n",
     kChunkedAnswer},
};

// Interim responses: 100 is ours to send, the others pass.
constexpr AnsweredRow kInterim[] = {
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok", kOk},
    {"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nDate: 1\r\n"
     "Content-Length: 2\r\n\r\nok",
     kOk},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\nHTTP/1.1 200 OK\r\nDate: 1\r\n"
     "Content-Length: 2\r\n\r\nok",
     "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\nHTTP/1.1 200 OK\r\nDate: 1\r\n"
     "Content-Length: 2\r\n\r\nok"},
    {"HTTP/1.1 102 \r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
     "HTTP/1.1 199 Odd\r\nA: b\r\n\r\nHTTP/1.1 204 No Content\r\nDate: 1\r\n\r\n",
     "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 199 Odd\r\nA: b\r\n"
     "\r\nHTTP/1.1 204 No Content\r\nDate: 1\r\n\r\n"},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 304 Not Modified\r\nDate: 1\r\n"
     "ETag: \"a\"\r\n\r\n",
     "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 304 Not Modified\r\nDate: 1\r\n"
     "ETag: \"a\"\r\n\r\n"},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nDate: 1\r\n"
     "Content-Length: 2\r\n\r\nok",
     sluice::wire::kOkKeep, Reuse::Yes, kOldKeep},
    {"HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nDate: 1\r\n"
     "Content-Length: 2\r\n\r\n",
     "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\n",
     Reuse::Yes, kPlainHead},
};

}  // namespace

TEST_CASE("strict responses: bytes behind the framing go to nobody, and end the connection",
          "[wire][strict]") {
  ResponseTable table;
  table.answered(kPoisoned);
  CHECK(table.finish() >= 20);
}

TEST_CASE("strict responses: a last response passes, and its connection serves no other request",
          "[wire][strict]") {
  ResponseTable table;
  table.answered(kLast);
  CHECK(table.finish() >= 10);
}

TEST_CASE("strict responses: fields of the backend's connection end here", "[wire][strict]") {
  ResponseTable table;
  table.answered(kDropped);
  CHECK(table.finish() >= 13);
}

TEST_CASE("strict responses: interim responses come before the final one, or not at all",
          "[wire][strict]") {
  ResponseTable table;
  table.answered(kInterim);
  CHECK(table.finish() >= 7);
}
