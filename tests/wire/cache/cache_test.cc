// SPDX-License-Identifier: MIT
// The cache over real sockets: what the client gets, and what the origin is asked.
#include <catch2/catch.hpp>

#include <string>

#include "tests/wire/cache_rig.h"

using sluice::support::Response;
using sluice::support::SluiceProcess;
using sluice::wire::ask;
using sluice::wire::caching;
using sluice::wire::get;
using sluice::wire::Origin;

TEST_CASE("cache: what is fresh is fetched once, and its age grows from the origin's",
          "[wire][cache]") {
  Origin origin({{"/a", {{200, {{"Cache-Control", "max-age=1000"}, {"Age", "7"}}, "hello"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  const Response first = get(sluice, "/a");
  CHECK(first.status == 200);
  CHECK(first.body == "hello");
  CHECK(first.field("Cache-Status").starts_with("sluice; fwd=miss; stored; ttl=99"));
  for (int i = 0; i < 5; ++i) {
    const Response again = get(sluice, "/a");
    CHECK(again.body == "hello");
    CHECK(std::stoi(again.field("Age")) >= 7);
    CHECK(again.field("Cache-Status").starts_with("sluice; hit; ttl=99"));
    CHECK(again.field("Content-Length") == "5");
  }
  CHECK(origin.count("/a") == 1);
}

TEST_CASE("cache: what says nothing of caching is asked for each time", "[wire][cache]") {
  Origin origin({{"/a", {{200, {}, "hello"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  for (int i = 0; i < 3; ++i) {
    const Response response = get(sluice, "/a");
    CHECK(response.body == "hello");
    CHECK(response.field("Cache-Status") == "sluice; fwd=miss");
    CHECK_FALSE(response.has("Age"));
  }
  CHECK(origin.count("/a") == 3);
}

TEST_CASE("cache: HEAD is answered from what GET has stored, and fetches by GET", "[wire][cache]") {
  Origin origin({{"/a", {{200, {{"Cache-Control", "max-age=1000"}}, "hello"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  const Response head = ask(sluice, "HEAD", "/a");
  CHECK(head.status == 200);
  CHECK(head.field("Content-Length") == "5");
  CHECK(get(sluice, "/a").body == "hello");
  CHECK(ask(sluice, "HEAD", "/a").field("Cache-Status").starts_with("sluice; hit"));
  REQUIRE(origin.count("/a") == 1);
  CHECK(origin.requests("/a")[0].method == "GET");
}

TEST_CASE("cache: what is stale is validated, and freshened by a 304", "[wire][cache]") {
  Origin origin({{"/a",
                  {{200,
                    {{"Cache-Control", "max-age=1"}, {"Age", "5"}, {"ETag", "\"v1\""}, {"X", "1"}},
                    "hello"},
                   {304, {{"Cache-Control", "max-age=1000"}, {"ETag", "\"v1\""}, {"X", "2"}}}}}});
  SluiceProcess sluice(caching(origin.backend()));
  CHECK(get(sluice, "/a").field("X") == "1");
  const Response validated = get(sluice, "/a");
  CHECK(validated.status == 200);
  CHECK(validated.body == "hello");
  CHECK(validated.field("X") == "2");
  CHECK(validated.field("Cache-Status").starts_with("sluice; fwd=stale; fwd-status=304"));
  CHECK(get(sluice, "/a").field("Cache-Status").starts_with("sluice; hit"));
  REQUIRE(origin.count("/a") == 2);
  CHECK(origin.requests("/a")[1].field("If-None-Match") == "\"v1\"");
}

TEST_CASE("cache: conditions and ranges of clients are answered from the store", "[wire][cache]") {
  Origin origin(
      {{"/a", {{200, {{"Cache-Control", "max-age=1000"}, {"ETag", "\"v1\""}}, "0123456789"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  const Response part = get(sluice, "/a", "Range: bytes=2-4\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == "234");
  CHECK(part.field("Content-Range") == "bytes 2-4/10");
  CHECK(get(sluice, "/a", "If-None-Match: \"v1\"\r\n").status == 304);
  CHECK(get(sluice, "/a", "If-None-Match: \"v2\"\r\n").status == 200);
  CHECK(get(sluice, "/a", "Range: bytes=20-\r\n").status == 416);
  const Response tail = get(sluice, "/a", "Range: bytes=-3\r\nIf-Range: \"v1\"\r\n");
  CHECK(tail.body == "789");
  REQUIRE(origin.count("/a") == 1);
  CHECK_FALSE(origin.requests("/a")[0].has("Range"));
}

// RFC 9110 15.3.7.2.
TEST_CASE("cache: parts of what has no Content-Type have none", "[wire][cache][regression]") {
  for (const bool typed : {false, true}) {
    sluice::support::Fields fields = {{"Cache-Control", "max-age=1000"}};
    if (typed) fields.emplace_back("Content-Type", "text/plain");
    Origin origin({{"/a", {{200, fields, "0123456789"}}}});
    SluiceProcess sluice(caching(origin.backend()));
    const Response parts = get(sluice, "/a", "Range: bytes=1-2,8-\r\n");
    CHECK(parts.status == 206);
    const std::string boundary = parts.field("Content-Type").substr(31);
    const std::string head =
        "--" + boundary + "\r\n" + (typed ? "Content-Type: text/plain\r\n" : "");
    CHECK(parts.body == head + "Content-Range: bytes 1-2/10\r\n\r\n12\r\n" + head +
                            "Content-Range: bytes 8-9/10\r\n\r\n89\r\n--" + boundary + "--\r\n");
  }
}

TEST_CASE("cache: a request with more Cache-Control lines than are read is not stored",
          "[wire][cache][regression]") {
  Origin origin({{"/a", {{200, {{"Cache-Control", "max-age=1000"}}, "hello"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  std::string lines;
  for (int i = 0; i < 16; ++i) lines += "Cache-Control: a\r\n";
  get(sluice, "/a", lines + "Cache-Control: no-store\r\n");
  CHECK(get(sluice, "/a").field("Cache-Status").starts_with("sluice; fwd=miss"));
  CHECK(origin.count("/a") == 2);
}

TEST_CASE("cache: an unsafe request that succeeds takes the target out", "[wire][cache]") {
  Origin origin({{"/a", {{200, {{"Cache-Control", "max-age=1000"}}, "hello"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  get(sluice, "/a");
  CHECK(get(sluice, "/a").field("Cache-Status").starts_with("sluice; hit"));
  const Response post = ask(sluice, "POST", "/a", "Content-Length: 0\r\n");
  CHECK(post.field("Cache-Status") == "sluice; fwd=method");
  CHECK(get(sluice, "/a").field("Cache-Status").starts_with("sluice; fwd=miss"));
}

TEST_CASE("cache: each variant by Vary has its place", "[wire][cache]") {
  Origin origin({{"/a",
                  {{200, {{"Cache-Control", "max-age=1000"}, {"Vary", "X-Kind"}}, "1"},
                   {200, {{"Cache-Control", "max-age=1000"}, {"Vary", "X-Kind"}}, "2"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  CHECK(get(sluice, "/a", "X-Kind: one\r\n").body == "1");
  CHECK(get(sluice, "/a", "X-Kind: two\r\n").body == "2");
  CHECK(get(sluice, "/a", "X-Kind: one\r\n").body == "1");
  CHECK(get(sluice, "/a", "X-Kind: two\r\n").body == "2");
  CHECK(origin.count("/a") == 2);
}

// It may still read, and costs no backend anything.
TEST_CASE("cache: a client that has shut its side gets all of what is stored",
          "[wire][cache][regression]") {
  const std::string large(std::size_t{12} << 20, 'x');  // more than the system buffers
  Origin origin({{"/a", {{200, {{"Cache-Control", "max-age=1000"}}, large}}}});
  SluiceProcess sluice(caching(origin.backend(), {}, R"("cache": {"size": "256MiB"})"));
  CHECK(get(sluice, "/a").body == large);
  sluice::support::RawClient client = sluice.connect(0, {.receive_buffer = 64 * 1024});
  client.send("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
  client.half_close();
  CHECK(read_response(client).body == large);
  client.expect_close();
  CHECK(origin.count("/a") == 1);
}
