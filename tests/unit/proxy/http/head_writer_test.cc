// SPDX-License-Identifier: MIT
#include "proxy/http/head_writer.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/request_parser.h"
#include "proxy/http/response_parser.h"

namespace sluice::http {
namespace {

// The writers run in memory of exactly the bound, so that ASan proves the bound.
std::string written_request(std::string_view method, std::string_view target, const Fields& fields,
                            BodyFraming body = {},
                            ConnectionField connection = ConnectionField::None) {
  const std::size_t bound = request_head_bound(method, target, fields);
  const std::unique_ptr<char[]> out(new char[bound]);
  const char* end = write_request_head(out.get(), method, target, fields, body, connection);
  std::string text(out.get(), static_cast<std::size_t>(end - out.get()));
  REQUIRE(text.size() <= bound);
  return text;
}

std::string written_response(int status, std::string_view reason, const Fields& fields,
                             BodyFraming body, ConnectionField connection = ConnectionField::None) {
  const std::size_t bound = response_head_bound(reason, fields);
  const std::unique_ptr<char[]> out(new char[bound]);
  const char* end = write_response_head(out.get(), status, reason, fields, body, connection);
  std::string text(out.get(), static_cast<std::size_t>(end - out.get()));
  REQUIRE(text.size() <= bound);
  return text;
}

Fields fields_about_framing() {
  Fields fields;
  fields.add("Host", "h");
  fields.add("content-length", "99");
  fields.add("Transfer-Encoding", "chunked");
  fields.add("CONNECTION", "close, x");
  fields.add("Keep-Alive", "5");
  fields.add("Proxy-Connection", "keep-alive");
  fields.add("Upgrade", "websocket");
  fields.add("X", "y");
  return fields;
}

constexpr BodyFraming kLongest{BodyKind::Length, UINT64_MAX};

}  // namespace

TEST_CASE("head writer: requests carry the fields, and only our framing", "[http][head_writer]") {
  const Fields fields = fields_about_framing();
  CHECK(written_request("GET", "/a?b", fields) == "GET /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n");
  CHECK(written_request("POST", "/", fields, {BodyKind::Length, 0}) ==
        "POST / HTTP/1.1\r\nHost: h\r\nX: y\r\nContent-Length: 0\r\n\r\n");
  CHECK(written_request("POST", "/", fields, {BodyKind::Chunked, 7}, ConnectionField::Close) ==
        "POST / HTTP/1.1\r\nHost: h\r\nX: y\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close\r\n\r\n");
  CHECK(written_request("GET", "/", fields, {}, ConnectionField::Upgrade) ==
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nX: y\r\nConnection: upgrade\r\n\r\n");
}

TEST_CASE("head writer: a target without a path gets one", "[http][head_writer]") {
  CHECK(written_request("GET", "?a", Fields()) == "GET /?a HTTP/1.1\r\n\r\n");
  CHECK(written_request("OPTIONS", "*", Fields()) == "OPTIONS * HTTP/1.1\r\n\r\n");
  CHECK(written_request("CONNECT", "a:443", Fields()) == "CONNECT a:443 HTTP/1.1\r\n\r\n");
}

TEST_CASE("head writer: responses carry the fields, and only our framing", "[http][head_writer]") {
  const Fields fields = fields_about_framing();
  CHECK(written_response(200, "", fields, {BodyKind::Length, 5}) ==
        "HTTP/1.1 200 OK\r\nHost: h\r\nX: y\r\nContent-Length: 5\r\n\r\n");
  CHECK(written_response(200, "OK", Fields(), {BodyKind::Chunked, 0}, ConnectionField::KeepAlive) ==
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n");
  CHECK(written_response(200, "", Fields(), {BodyKind::UntilClose, 0}, ConnectionField::Close) ==
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  CHECK(written_response(101, "", fields, {}, ConnectionField::Upgrade) ==
        "HTTP/1.1 101 Switching Protocols\r\nHost: h\r\nUpgrade: websocket\r\nX: y\r\n"
        "Connection: upgrade\r\n\r\n");
}

TEST_CASE("head writer: reasons are kept, known ones supplied", "[http][head_writer]") {
  const BodyFraming empty{BodyKind::Length, 0};
  CHECK(written_response(404, "", Fields(), empty).starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(written_response(404, "Gone fishing", Fields(), empty)
            .starts_with("HTTP/1.1 404 Gone fishing\r\n"));
  CHECK(written_response(599, "", Fields(), empty).starts_with("HTTP/1.1 599 \r\n"));
  CHECK(written_response(511, "", Fields(), kLongest, ConnectionField::KeepAlive)
            .ends_with("Content-Length: 18446744073709551615\r\nConnection: keep-alive\r\n\r\n"));
}

TEST_CASE("head writer: messages without a body announce one only as told", "[http][head_writer]") {
  CHECK(written_response(200, "", Fields(), {BodyKind::None, 7, true}) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
  CHECK(written_response(304, "", Fields(), {BodyKind::None, 7}) ==
        "HTTP/1.1 304 Not Modified\r\n\r\n");
  CHECK(written_response(204, "", Fields(), {BodyKind::Length, 7}) ==
        "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(written_response(204, "", Fields(), {BodyKind::Chunked, 0}) ==
        "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(written_response(100, "", Fields(), {BodyKind::Length, 0}) ==
        "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_CASE("head writer: what the request parser reads, it writes back", "[http][head_writer]") {
  const std::string heads[] = {
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /a?b HTTP/1.1\r\nHost: a:1\r\nX: \xe9 y\r\nEmpty: \r\nContent-Length: 12\r\n\r\n",
      "PUT /%2f HTTP/1.1\r\nHost: [::1]\r\nA: 1\r\nA: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  for (const std::string& text : heads) {
    RequestHead head;
    REQUIRE(parse_request_head(text, HeadLimits(), head).consumed == text.size());
    CHECK(request_head_bound(head, head.target) >= text.size());
    CHECK(written_request(head.method_text, head.target, head.fields, head.body) == text);
  }
}

TEST_CASE("head writer: what the response parser reads, it writes back", "[http][head_writer]") {
  const struct {
    Method method;
    std::string text;
  } rows[] = {
      {Method::Get, "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\n"},
      {Method::Get, "HTTP/1.1 200 Fine\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {Method::Get, "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 3\r\n\r\n"},
      {Method::Head, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"},
      {Method::Head, "HTTP/1.1 200 OK\r\n\r\n"},
      {Method::Get, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"},
  };
  for (const auto& row : rows) {
    ResponseHead head;
    REQUIRE(parse_response_head(row.text, HeadLimits(), row.method, head).consumed ==
            row.text.size());
    CHECK(written_response(head.status, head.reason, head.fields, head.body) == row.text);
  }
}

TEST_CASE("head writer: trailers keep out what may not be there", "[http][head_writer]") {
  Fields trailers;
  trailers.add("A", "b");
  trailers.add("Content-Length", "5");
  trailers.add("ETag", "\"c\"");
  const std::unique_ptr<char[]> out(new char[trailers_bound(trailers)]);
  const char* end = write_trailers(out.get(), trailers);
  CHECK(std::string_view(out.get(), static_cast<std::size_t>(end - out.get())) ==
        "A: b\r\nETag: \"c\"\r\n\r\n");
  CHECK(trailers_bound(Fields()) == 2);
}

}  // namespace sluice::http
