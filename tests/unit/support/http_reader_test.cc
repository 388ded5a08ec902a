// SPDX-License-Identifier: MIT
#include "tests/support/http_reader.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <string>

namespace sluice::support {
namespace {

// The reading end of a stream that carries these bytes and then ends.
Connection stream_of(std::string_view bytes) {
  int ends[2] = {-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  Connection writer(ends[0]);
  writer.send(bytes);
  return Connection(ends[1]);
}

}  // namespace

TEST_CASE("http reader: a response with Content-Length leaves the next one alone") {
  Connection from = stream_of(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  1 \r\nx-a:2\r\n\r\nhello"
      "HTTP/1.1 404 \r\ncontent-length: 0\r\n\r\n");
  const Response first = read_response(from);
  CHECK(first.status == 200);
  CHECK(first.reason == "OK");
  CHECK(first.version == "HTTP/1.1");
  CHECK(first.body == "hello");
  CHECK(first.values("X-A") == std::vector<std::string>{"1", "2"});
  CHECK_THROWS_WITH(first.field("X-A"), Catch::Contains("2 times"));
  CHECK(first.field("x-b").empty());
  CHECK_FALSE(first.until_close);
  const Response second = read_response(from);
  CHECK(second.status == 404);
  CHECK(second.reason.empty());
  CHECK_NOTHROW(from.expect_close());
}

TEST_CASE("http reader: chunks, extensions and trailers") {
  Connection from = stream_of(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\nA;name=value\r\n0123456789\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\nrest");
  const Response response = read_response(from);
  CHECK(response.body == "abc0123456789");
  CHECK(response.chunked);
  CHECK(response.chunks == 2);
  CHECK(response.trailers == Fields{{"X-Sum", "1"}, {"X-More", "2"}});
  CHECK(from.recv_to_close() == "rest");
}

TEST_CASE("http reader: one trailer, and none") {
  for (const std::string trailer : {"", "X-One: 1\r\n"}) {
    Connection from =
        stream_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + trailer + "\r\n");
    CHECK(read_response(from).trailers.size() == (trailer.empty() ? 0 : 1));
    CHECK_NOTHROW(from.expect_close());
  }
}

TEST_CASE("http reader: a body without framing ends with the connection") {
  Connection from = stream_of("HTTP/1.0 200 OK\r\n\r\nall of this");
  const Response response = read_response(from);
  CHECK(response.body == "all of this");
  CHECK(response.until_close);
}

TEST_CASE("http reader: responses that have no body whatever their fields say") {
  struct Case {
    std::string head;
    ResponseTo to;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", ResponseTo::Head},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ResponseTo::Head},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ResponseTo::Get},
      {"HTTP/1.1 204 No Content\r\n\r\n", ResponseTo::Get},
      {"HTTP/1.1 100 Continue\r\n\r\n", ResponseTo::Get},
      {"HTTP/1.1 200 Connected\r\n\r\n", ResponseTo::Connect},
  };
  for (const Case& each : cases) {
    INFO(each.head);
    Connection from = stream_of(each.head + "next");
    CHECK(read_response(from, each.to).body.empty());
    CHECK(from.recv_to_close() == "next");
  }
}

TEST_CASE("http reader: what a sender must not send is a failure") {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string malformed[] = {
      "",
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.1 200 OK\n\n",
      "HTTP/1.1 200\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 2x0 OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      ok + "No colon\r\n\r\n",
      ok + "Space : before\r\n\r\n",
      ok + " Folded: line\r\n\r\n",
      ok + "Bare: c\rr\r\n\r\n",
      ok + "Bare: l\nf\r\n\r\n",
      ok + "Content-Length: -1\r\n\r\n",
      ok + "Content-Length: +5\r\n\r\nhello",
      ok + "Content-Length: 5, 5\r\n\r\nhello",
      ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      ok + "Content-Length: 6\r\n\r\nhello",
      ok + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      chunked + "3\r\nabcd\r\n0\r\n\r\n",
      chunked + "0x3\r\nabc\r\n0\r\n\r\n",
      chunked + "\r\n\r\n",
      chunked + "3\r\nabc\r\n",
      chunked + "3\nabc\n0\n\n",
      "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 101 Switching\r\nTransfer-Encoding: chunked\r\n\r\n",
  };
  for (const std::string& text : malformed) {
    INFO(printable(text));
    Connection from = stream_of(text);
    CHECK_THROWS_AS(read_response(from), Failure);
  }
}

TEST_CASE("http reader: requests, and the end before one") {
  Connection from = stream_of(
      "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "GET / HTTP/1.0\r\n\r\n");
  const auto post = read_request(from);
  REQUIRE(post.has_value());
  CHECK(post->method == "POST");
  CHECK(post->target == "/a?b");
  CHECK(post->version == "HTTP/1.1");
  CHECK(post->body == "abc");
  const auto get = read_request(from);
  REQUIRE(get.has_value());
  CHECK(get->start_line == "GET / HTTP/1.0");
  CHECK(get->body.empty());
  CHECK_FALSE(read_request(from).has_value());
}

TEST_CASE("http reader: malformed requests") {
  for (const std::string line : {"GET /", "GET  / HTTP/1.1", "GET / / HTTP/1.1", "GET / HTTP/3",
                                 "G(T / HTTP/1.1", " / HTTP/1.1", "GET /"}) {
    INFO(line);
    CHECK_THROWS_AS(parse_request_head(line + "\r\n\r\n"), Failure);
  }
}

}  // namespace sluice::support
