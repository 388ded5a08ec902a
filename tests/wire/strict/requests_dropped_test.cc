// SPDX-License-Identifier: MIT
// What is taken out of a request, or written anew, on its way to the backend: RFC
// 9110 6.5.1, 7.6.1, 7.6.2, 7.6.3 and 7.8.
#include <catch2/catch.hpp>
#include <string>

#include "tests/wire/strict/requests.h"

using sluice::wire::FieldRow;
using sluice::wire::Frame;
using sluice::wire::PassedRow;
using sluice::wire::RequestTable;

namespace {

constexpr Frame kFieldsFrame{"GET / HTTP/1.1\r\nHost: a\r\n", "\r\n"};

constexpr FieldRow kHopByHop[] = {
    {"Connection: keep-alive\r\n", ""},
    {"Connection:\r\n", ""},
    {"Connection: ,, ,\r\n", ""},
    {"Keep-Alive: timeout=5, max=100\r\n", ""},
    {"Proxy-Connection: keep-alive\r\n", ""},
    {"Proxy-Connection: close\r\n", ""},
    {"Proxy-Connection: X-A\r\nX-A: 1\r\n", "X-A: 1\r\n"},
    {"TE: trailers\r\nConnection: TE\r\n", ""},
    {"TE: gzip;q=0.5\r\n", ""},
    {"TE: trailers, deflate\r\nTE: x\r\n", ""},
    {"Upgrade: h2c\r\nHTTP2-Settings: AAMA\r\nConnection: Upgrade, HTTP2-Settings\r\n", ""},
    {"Upgrade: foo/1\r\nConnection: upgrade\r\n", ""},
    {"Upgrade: foo, bar/2\r\nConnection: keep-alive, Upgrade\r\n", ""},
    {"Upgrade: foo\r\n", ""},
    {"HTTP2-Settings: AAMA\r\n", ""},
    {"Proxy-Authorization: Basic eA==\r\n", ""},
    {"Proxy-Authenticate: Basic\r\n", ""},
    {"Proxy-Authentication-Info: x\r\n", ""},
    {"Expect: 100-continue\r\n", ""},
    {"Connection: X-A\r\nX-A: 1\r\nX-B: 2\r\n", "X-B: 2\r\n"},
    {"X-A: 1\r\nConnection: x-a, X-B\r\nX-B: 2\r\nX-C: 3\r\n", "X-C: 3\r\n"},
    {"Connection: X-A\r\nConnection: X-B\r\nX-A: 1\r\nX-B: 2\r\n", ""},
    {"Connection: X-A\r\nx-a: 1\r\nX-A: 2\r\nX-AA: 3\r\n", "X-AA: 3\r\n"},
    {"Connection: \"X-A\"\r\nX-A: 1\r\n", "X-A: 1\r\n"},
    {"Connection: X-A X-B\r\nX-A: 1\r\n", "X-A: 1\r\n"},
    // What others rely on behind us cannot be taken away.
    {"Connection: Cookie\r\nCookie: a=b\r\n", "Cookie: a=b\r\n"},
    {"Connection: Authorization\r\nAuthorization: Bearer x\r\n", "Authorization: Bearer x\r\n"},
    {"Connection: Host\r\n", ""},
    {"Connection: close-not, Content-Type\r\nContent-Type: a/b\r\n", "Content-Type: a/b\r\n"},
    {"Connection: X-Forwarded-For, Via, X-Request-Id\r\n", ""},
};

constexpr FieldRow kAmbiguous[] = {
    {"X_A: 1\r\n", ""},
    {"X.A: 1\r\n", ""},
    {"X_A.B-C: 1\r\nX-A: 2\r\n", "X-A: 2\r\n"},
    {"_: 1\r\n", ""},
    {".: 1\r\n", ""},
    {"Content_Length: 5\r\n", ""},
    {"Content.Length: 5\r\n", ""},
    {"Transfer_Encoding: chunked\r\n", ""},
    {"Host_: b\r\n", ""},
    {"X_Forwarded_For: 6.6.6.6\r\n", ""},
    {"X-Forwarded_For: 6.6.6.6\r\n", ""},
    {"X.Forwarded.For: 6.6.6.6\r\n", ""},
    {"X_Real_IP: 6.6.6.6\r\n", ""},
    {"X_Request_Id: 6\r\n", ""},
    {"X_Auth_User: root\r\n", ""},
    {"X.Auth.User: root\r\n", ""},
    {"Authorization_: x\r\n", ""},
    // Allowed elsewhere, by the route of allow.example.
    {"X_Api_Key: 1\r\nTrace.Id: 2\r\n", ""},
};

constexpr FieldRow kAllowed[] = {
    {"X_Api_Key: 1\r\n", "X_Api_Key: 1\r\n"},
    {"x_api_key: 1\r\nX_API_KEY: 2\r\n", "x_api_key: 1\r\nX_API_KEY: 2\r\n"},
    {"Trace.Id: 1\r\n", "Trace.Id: 1\r\n"},
    {"X.Api.Key: 1\r\nX_Api.Key: 1\r\nX-Api_Key: 1\r\n", ""},
    {"Trace_Id: 1\r\n", ""},
    {"X_Api_Key_: 1\r\nXX_Api_Key: 1\r\n", ""},
    {"X_Forwarded_For: 6.6.6.6\r\n", ""},
};

// The route sets X-User to alice and removes X-Role.
constexpr FieldRow kEdited[] = {
    {"", "X-User: alice\r\n"},
    {"X-User: mallory\r\nA: b\r\n", "X-User: alice\r\nA: b\r\n"},
    {"x-user: mallory\r\nX-USER: m\r\n", "x-user: alice\r\n"},
    {"X_User: mallory\r\nX.User: m\r\n", "X-User: alice\r\n"},
    {"Connection: X-User\r\nX-User: mallory\r\n", "X-User: alice\r\n"},
    {"Connection: X-User\r\n", "X-User: alice\r\n"},
    {"X-Role: admin\r\nx-role: root\r\n", "X-User: alice\r\n"},
    {"X_Role: admin\r\nX.Role: root\r\n", "X-User: alice\r\n"},
};

// Behind "Host: id.example", over a plain connection of 127.0.0.1 that nobody trusts.
constexpr std::string_view kTold =
    "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: id.example\r\n"
    "X-Request-Id: {id}\r\nVia: 1.1 sluice\r\n";
constexpr FieldRow kIdentity[] = {
    {"", kTold},
    {"X-Real-IP: 6.6.6.6\r\n", kTold},
    {"Forwarded: for=6.6.6.6;host=evil\r\nForwarded: for=7\r\n", kTold},
    {"X-Forwarded-Port: 443\r\nX_Forwarded_Proto: https\r\n", kTold},
    {"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
     "X-Request-Id: mine\r\n",
     kTold},
    {"X-Request-Id: 1\r\nX-Forwarded-For: 6.6.6.6, 7.7.7.7\r\nX-Forwarded-For: 8.8.8.8\r\n",
     "X-Request-Id: {id}\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n"
     "X-Forwarded-Host: id.example\r\nVia: 1.1 sluice\r\n"},
    {"Connection: X-Forwarded-For\r\nX-Forwarded-For: 6.6.6.6\r\n", kTold},
    {"Via: 1.0 other, 1.1 another\r\n",
     "Via: 1.0 other, 1.1 another\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n"
     "X-Forwarded-Host: id.example\r\nX-Request-Id: {id}\r\nVia: 1.1 sluice\r\n"},
};

// Trailers behind a body, and what is left of them.
constexpr FieldRow kTrailers[] = {
    {"", ""},
    {"X-Sum: 1\r\n", "X-Sum: 1\r\n"},
    {"X-Sum:1\r\nx-sum: \t2 \r\n", "X-Sum: 1\r\nx-sum: 2\r\n"},
    {"ETag: \"a\"\r\n", "ETag: \"a\"\r\n"},
    {"Content-Length: 5\r\n", ""},
    {"Transfer-Encoding: chunked\r\n", ""},
    {"Content-Length: x\r\nTransfer-Encoding: y\r\nX-Sum: 1\r\n", "X-Sum: 1\r\n"},
    {"Host: evil\r\nHost: evil\r\n", ""},
    {"Connection: close\r\nKeep-Alive: 1\r\nUpgrade: foo\r\nTE: trailers\r\n", ""},
    {"Proxy-Connection: a\r\nProxy-Authorization: a\r\nHTTP2-Settings: a\r\n", ""},
    {"Authorization: Bearer root\r\nCookie: a=b\r\nSet-Cookie: a=b\r\n", ""},
    {"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n", ""},
    {"X-Forwarded-Port: 1\r\nForwarded: for=6\r\nX-Real-IP: 6\r\nX-Request-Id: 6\r\n", ""},
    {"Via: 1.1 evil\r\nMax-Forwards: 0\r\nExpect: 100-continue\r\n", ""},
    {"Content-Type: a/b\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-1/2\r\n", ""},
    {"Range: bytes=0-1\r\nIf-Match: *\r\nIf-None-Match: *\r\nIf-Range: a\r\n", ""},
    {"Cache-Control: no-store\r\nAge: 1\r\nExpires: 0\r\nDate: 1\r\nVary: *\r\n", ""},
    {"Trailer: X-Sum\r\nLocation: /\r\nRetry-After: 1\r\nOrigin: b\r\n", ""},
    {"X_Sum: 1\r\nX.Sum: 2\r\nX_Auth_User: root\r\nContent_Length: 1\r\n", ""},
};

// Where the route sets X-User and removes X-Role.
constexpr FieldRow kEditedTrailers[] = {
    {"X-User: mallory\r\n", ""},
    {"x-user: mallory\r\nX-Sum: 1\r\n", "X-Sum: 1\r\n"},
    {"X-ROLE: admin\r\nX-User: m\r\n", ""},
};

// With "Connection: X-Named" in the head.
constexpr FieldRow kNamedTrailers[] = {
    {"X-Named: 1\r\n", ""},
    {"X-Named: 1\r\nX-Sum: 2\r\n", ""},
};

Frame chunked(std::string& before, std::string_view host, std::string_view more) {
  before = "POST / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" + std::string(more) +
           "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
  return {before, "\r\n"};
}

}  // namespace

TEST_CASE("strict requests: fields of the connection, and those it names, end here",
          "[wire][strict]") {
  RequestTable table;
  table.fields(kHopByHop, kFieldsFrame, kFieldsFrame);
  CHECK(table.finish() >= 30);
}

TEST_CASE("strict requests: a name with _ or . passes only where it is allowed exactly",
          "[wire][strict]") {
  RequestTable table;
  table.fields(kAmbiguous, kFieldsFrame, kFieldsFrame);
  constexpr Frame kAllow{"GET / HTTP/1.1\r\nHost: allow.example\r\n", "\r\n"};
  table.fields(kAllowed, kAllow, kAllow);
  constexpr Frame kEdit{"GET / HTTP/1.1\r\nHost: edit.example\r\n", "\r\n"};
  table.fields(kEdited, kEdit, kEdit);
  CHECK(table.finish() >= 33);
}

TEST_CASE("strict requests: who the client is, is told by the proxy alone", "[wire][strict]") {
  RequestTable table(false);
  constexpr Frame kId{"GET / HTTP/1.1\r\nHost: id.example\r\n", "\r\n"};
  table.fields(kIdentity, kId, kId);
  table.passed(PassedRow{"GET / HTTP/1.0\r\nHost: id.example\r\n\r\n",
                         "GET / HTTP/1.1\r\nHost: id.example\r\nX-Forwarded-For: 127.0.0.1\r\n"
                         "X-Forwarded-Proto: http\r\nX-Forwarded-Host: id.example\r\n"
                         "X-Request-Id: {id}\r\nVia: 1.0 sluice\r\n\r\n",
                         sluice::wire::kOkClose, true});
  table.passed(PassedRow{"GET http://id.example:81/x HTTP/1.1\r\nHost: evil\r\n\r\n",
                         "GET /x HTTP/1.1\r\nHost: id.example:81\r\nX-Forwarded-For: 127.0.0.1\r\n"
                         "X-Forwarded-Proto: http\r\nX-Forwarded-Host: id.example:81\r\n"
                         "X-Request-Id: {id}\r\nVia: 1.1 sluice\r\n\r\n"});
  CHECK(table.finish() >= 10);
}

TEST_CASE("strict requests: a trailer carries nothing that a head alone may say",
          "[wire][strict]") {
  RequestTable table;
  std::string sent;
  std::string forwarded;
  table.fields(kTrailers, chunked(sent, "a", ""), chunked(forwarded, "a", ""));
  table.fields(kNamedTrailers, chunked(sent, "a", "Connection: X-Named\r\n"),
               chunked(forwarded, "a", ""));
  table.fields(kEditedTrailers, chunked(sent, "edit.example", ""),
               chunked(forwarded, "edit.example", "X-User: alice\r\n"));
  // The allow-list is one of heads.
  constexpr FieldRow kNotAllowed[] = {{"X_Api_Key: 1\r\nTrace.Id: 2\r\n", ""}};
  table.fields(kNotAllowed, chunked(sent, "allow.example", ""),
               chunked(forwarded, "allow.example", ""));
  CHECK(table.finish() >= 25);
}
