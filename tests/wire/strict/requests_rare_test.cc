// SPDX-License-Identifier: MIT
// Requests that are rare and right: they reach the backend as they are, or in the one spelling that
// means the same.
#include <catch2/catch.hpp>
#include <string>

#include "tests/wire/strict/requests.h"

using namespace std::string_view_literals;
using sluice::wire::FieldRow;
using sluice::wire::Frame;
using sluice::wire::kOkClose;
using sluice::wire::kOkHead;
using sluice::wire::kOkKeep;
using sluice::wire::many;
using sluice::wire::PassedRow;
using sluice::wire::RequestTable;

namespace {

constexpr std::string_view kRareMethods[] = {
    "GET",       "POST",      "PUT",
    "DELETE",    "OPTIONS",   "PATCH",
    "PROPFIND",  "PROPPATCH", "MKCOL",
    "COPY",      "MOVE",      "LOCK",
    "UNLOCK",    "REPORT",    "SEARCH",
    "M-SEARCH",  "NOTIFY",    "SUBSCRIBE",
    "PURGE",     "BAN",       "QUERY",
    "get",       "X",         "VERSION-CONTROL",
    "CONNECT-X", "TRACER",    "UPDATEREDIRECTREF",
    "G.E_T",     "0",         "!#$%&'*+-.^_`|~09azAZ",
    "PRI",       "connect",   "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
};

// Behind "GET / HTTP/1.1" and "Host: a".
constexpr std::string_view kRareRequestFields[] = {
    "!#$%&'*+-^`|~09azAZ: b\r\n",
    "A-Name-Of-More-Than-Thirty-Two-Bytes-Is-Nothing-Special: b\r\n",
    "0: b\r\n",
    "A: \x80\xff\r\n",
    "A: \xc3\xa9\r\n",
    "A: b\tc\r\n",
    "A: b  c\r\n",
    "A: b:c\r\n",
    "A: ;,=\"\r\n",
    "A: \"quoted, \\\" string\"\r\n",
    "A: (comment (nested))\r\n",
    "A: %0d%0aX: y\r\n",
    "A: {\"json\": [1]}\r\n",
    "A: <script>'\\\r\n",
    "A: \r\n",
    "A: \r\nA: \r\nB: c\r\n",
    "Host-X: b\r\n",
    "Accept: a\r\nAccept: b\r\n",
    "X-A: 1\r\nx-a: 2\r\nX-A: 1\r\n",
    "Cookie: a=b; c=d\r\nCookie: e=f\r\n",
    "Authorization: Bearer x.y.z\r\n",
    "Range: bytes=0-0,-1\r\n",
    "If-None-Match: W/\"a\", \"b\"\r\nIf-Match: *\r\n",
    "Max-Forwards: 0\r\n",
    "Max-Forwards: x\r\nMax-Forwards: 0\r\n",
    "Origin: null\r\nReferer: about:blank\r\n",
    "Content-Type: a/b; c=\"d;e\"\r\n",
    "Content-Encoding: gzip\r\nContent-Range: bytes */5\r\n",
    "Content-Disposition: a; filename*=UTF-8''%e2%82%ac\r\n",
    "Content-Length-X: 5\r\nX-Transfer-Encoding: chunked\r\n",
    "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n",
    "Early-Data: 1\r\nPriority: u=1, i\r\n",
    "Trailer: X-Sum, Content-Length\r\n",
    "Date: yesterday\r\nFrom: a@b\r\nWarning: 199 a \"b\"\r\n",
    "X-Forwarded: a\r\nX-Forwarded-Prefix: /b\r\n",
    "Proxy-Anything: a\r\n",
};

// Whole messages that pass as they are.
constexpr std::string_view kIntactRequests[] = {
    "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: A.Example.\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: 10.0.0.1:65535\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: my_service-1:0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [::ffff:10.0.0.1]:8080\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: xn--bcher-kva.example\r\n\r\n",
    "GET / HTTP/1.1\r\nA: b\r\nHost: a\r\nC: d\r\n\r\n",
    "GET / HTTP/1.1\r\nHOST: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    "PROPFIND / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n<a/>",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n\0\r\n\r\n\xff\n\r"sv,
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\nGET /evil HTTP/1.1\r\nHost: b\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n",
    ("PUT / HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2\r\n\r\n\r\n0\r\nX-Sum: 1\r\n\r\n"),
};

// As sent behind "POST / HTTP/1.1" and "Host: a"; as forwarded there.
constexpr std::string_view kHello = "Content-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunk = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
constexpr FieldRow kRespelt[] = {
    {"A:b\r\n\r\n", "A: b\r\n\r\n"},
    {"A: \t b c \t\r\n\r\n", "A: b c\r\n\r\n"},
    {"A:\t\r\n\r\n", "A: \r\n\r\n"},
    {"content-length:5\r\n\r\nhello", kHello},
    {"Content-Length: \t5\t \r\n\r\nhello", kHello},
    {"Content-Length: 0005\r\n\r\nhello", kHello},
    {"Content-Length: 0000000000000000005\r\n\r\nhello", kHello},
    {"Content-Length: 5\r\nA: b\r\n\r\nhello", "A: b\r\nContent-Length: 5\r\n\r\nhello"},
    {"Content-Length: 000\r\n\r\n", "Content-Length: 0\r\n\r\n"},
    {"transfer-encoding:CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", kChunk},
    {"Transfer-Encoding: \tChunked \r\n\r\n5\r\nhello\r\n0\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n",
     kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ne\r\n3\r\nllo\r\n0\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n00005\r\nhello\r\n000\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
     "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"},
    {"Transfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0;c=d\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n5;a=\"b c;d\"\r\nhello\r\n0\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n5;a=\"\\\"\\\\\"\r\nhello\r\n0\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n5;a=\"\"\r\nhello\r\n0\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n5 ;a\r\nhello\r\n0\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n5;a = b\r\nhello\r\n0\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n5 ; a ; b=c\r\nhello\r\n0\r\n\r\n", kChunk},
    {"Transfer-Encoding: chunked\r\n\r\n5;a;b;c;d=e;f=\"g\"\r\nhello\r\n0\r\n\r\n", kChunk},
    {"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", "Content-Length: 0\r\n\r\n"},
    {"\r\n", "\r\n"},  // a POST without a body
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kAllowHead =
    "HTTP/1.1 200 OK\r\nAllow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\nDate: {date}\r\n"
    "Content-Length: 0\r\n\r\n";
constexpr std::string_view kOkOk =
    "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok"
    "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 2\r\n\r\nok";

constexpr PassedRow kWholeRequests[] = {
    // empty lines before a request
    {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", kGet},
    {"\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", kGet},
    {"GET / HTTP/1.1\r\nHost:a\r\n\r\n", kGet},
    {"GET / HTTP/1.1\r\nHost: \ta \t\r\n\r\n", kGet},
    {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", kOkHead},
    {"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
     "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", kOkHead},
    // persistence
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", kGet, kOkClose, true},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: a, CLOSE\r\n\r\n", kGet, kOkClose, true},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", kGet,
     kOkClose, true},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, keep-alive\r\n\r\n", kGet, kOkClose, true},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", kGet},
    {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", kGet, kOkClose, true},
    {"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", kGet, kOkKeep},
    {"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive, x\r\n\r\n", kGet, kOkKeep},
    {"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", kGet, kOkClose, true},
    {"GET / HTTP/1.0\r\nHost: a\r\nProxy-Connection: keep-alive\r\n\r\n", kGet, kOkClose, true},
    {"GET http://a/ HTTP/1.0\r\n\r\n", kGet, kOkClose, true},
    {"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", kOkClose, true},
    {"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", kOkKeep},
    {"PUT / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", kOkClose, true},
    {"DELETE / HTTP/1.0\r\nHost: a\r\n\r\n", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", kOkClose,
     true},
    // absolute-form: the target's authority is the Host
    {"GET http://b.example/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET /x?y HTTP/1.1\r\nHost: b.example\r\n\r\n"},
    {"GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: b\r\n\r\n"},
    {"GET http://b?x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?x HTTP/1.1\r\nHost: b\r\n\r\n"},
    {"GET HTTP://B:81/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: B:81\r\n\r\n"},
    {"GET https://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: b\r\n\r\n"},
    {"GET http://[::1]:80/ HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"},
    {"GET http://b/a//../c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /c HTTP/1.1\r\nHost: b\r\n\r\n"},
    {"OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n"},
    {"OPTIONS http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS / HTTP/1.1\r\nHost: b\r\n\r\n"},
    // Max-Forwards
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", "", kAllowHead},
    {"OPTIONS /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 000\r\n\r\n", "", kAllowHead},
    {"OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nContent-Length: 2\r\n\r\nhi", "",
     kAllowHead},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n",
     "OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"},
    {"OPTIONS / HTTP/1.1\r\nHost: a\r\nmax-forwards: 10\r\nA: b\r\n\r\n",
     "OPTIONS / HTTP/1.1\r\nHost: a\r\nmax-forwards: 9\r\nA: b\r\n\r\n"},
    // pipelined
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", kOkOk},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\nGET / HTTP/1.1\r\nHost: a\r\n"
     "\r\n",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: "
     "a\r\n\r\n",
     kOkOk},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
     "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
     "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
     kOkOk},
    // what follows a last request is not read
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
     kGet, kOkClose, true},
    {"GET / HTTP/1.0\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", kGet, kOkClose, true},
};

void pass_intact(RequestTable& table, std::span<const std::string_view> rows, Frame frame) {
  for (const std::string_view text : rows) {
    const FieldRow row{text, text};
    table.fields({&row, 1}, frame, frame);
  }
}

}  // namespace

TEST_CASE("strict requests: what is rare and right reaches the backend as it is",
          "[wire][strict]") {
  RequestTable table;
  pass_intact(table, kRareMethods, {"", " / HTTP/1.1\r\nHost: a\r\n\r\n"});
  pass_intact(table, kRareRequestFields, {"GET / HTTP/1.1\r\nHost: a\r\n", "\r\n"});
  pass_intact(table, kIntactRequests, {});
  // At their limits, to the byte.
  const std::string line = "GET /" + std::string(8192 - 14, 'x') + " HTTP/1.1\r\nHost: a\r\n";
  const std::string at_limits[] = {
      line + "\r\n",
      std::string(kGet.substr(0, 25)) + "A: " + std::string(16384 - 3, 'x') + "\r\n\r\n",
      std::string(kGet.substr(0, 25)) + many(99, "A: b\r\n") + "\r\n",
  };
  for (const std::string& text : at_limits) table.passed({text, text});
  CHECK(table.finish() >= 95);
}

TEST_CASE("strict requests: another spelling of the same reaches the backend in ours",
          "[wire][strict]") {
  RequestTable table;
  constexpr Frame kPost{"POST / HTTP/1.1\r\nHost: a\r\n", ""};
  table.fields(kRespelt, kPost, kPost);
  table.passed(kWholeRequests);
  // HTTP/1.0 may leave Host out, HTTP/1.1 may not.
  const std::string host = table.rig().backend_address();
  table.passed(
      {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n", kOkClose, true});
  CHECK(table.finish() >= 65);
}
