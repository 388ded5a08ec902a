// SPDX-License-Identifier: MIT
// A route with a cache that compresses: each body is compressed once, and goes out of use with what
// it was made of.
#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

#include "tests/support/decode.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::decode;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::read_response_head;
using sluice::support::Response;
using sluice::support::response_text;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::wire::as_chunk;
using sluice::wire::ask;
using sluice::wire::cache_stats;
using sluice::wire::crowd;
using sluice::wire::Gate;
using sluice::wire::get;
using sluice::wire::Origin;
using sluice::wire::OriginAnswer;

namespace {

// Which leaves little to be compressed.
std::string random_letters(std::size_t size) {
  std::string out(size, '\0');
  std::minstd_rand random(1);
  for (char& c : out) c = static_cast<char>('a' + random() % 26);
  return out;
}

std::string text_of(const std::string& word) {
  std::string out;
  for (int i = 0; i < 2000; ++i) out += word + std::to_string(i * i) + "\n";
  return out;
}

OriginAnswer page_of(const std::string& word, const std::string& lifetime) {
  return {
      200,
      {{"Content-Type", "text/html"}, {"ETag", "\"" + word + "\""}, {"Cache-Control", lifetime}},
      text_of(word)};
}

// `cache`: the members of the route's.
std::string caching(const ScriptedBackend& backend, const std::string& cache = {},
                    const std::string& size = "256MiB") {
  return R"({"workers": 2, "listeners": [{"address": "127.0.0.1:0"}], "cache": {"size": ")" + size +
         R"("}, "pools": {"p": {"backends": [")" + backend.address() +
         R"("]}}, "routes": [{"forward": {"pool": "p"}, "cache": {)" + cache +
         R"(}, "compress": {}}]})";
}

std::string with(std::string_view coding) {
  return "Accept-Encoding: " + std::string(coding) + "\r\n";
}

// What was compressed before comes with its length; what is compressed now cannot.
bool compressed_before(const Response& response) {
  return response.has("Content-Encoding") && response.has("Content-Length");
}

}  // namespace

TEST_CASE("cache: what was compressed once is sent again as it is", "[wire][cache][compress]") {
  Origin origin({{"/a", {page_of("v", "max-age=1000")}}});
  SluiceProcess sluice(caching(origin.backend()));
  for (const std::string coding : {"gzip", "br", "zstd"}) {
    CAPTURE(coding);
    const Response first = get(sluice, "/a", with(coding));
    CHECK(first.field("Content-Encoding") == coding);
    CHECK_FALSE(compressed_before(first));
    CHECK((decode(coding, first.body).text == text_of("v")));
    const Response again = get(sluice, "/a", with(coding));
    CHECK(compressed_before(again));
    CHECK(again.field("Content-Encoding") == coding);
    CHECK(again.field("ETag") == "W/\"v\"");
    CHECK(again.field("Vary") == "Accept-Encoding");
    CHECK(again.field("Cache-Status").starts_with("sluice; hit"));
    CHECK((again.body == first.body));
    CHECK(ask(sluice, "HEAD", "/a", with(coding)).field("Content-Encoding") == coding);
  }
  const Response plain = get(sluice, "/a");
  CHECK((plain.body == text_of("v")));
  CHECK(plain.field("ETag") == "\"v\"");
  CHECK(plain.field("Vary") == "Accept-Encoding");
  const Response part = get(sluice, "/a", with("gzip") + "Range: bytes=0-2\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == "v0\n");
  CHECK_FALSE(part.has("Content-Encoding"));
  CHECK(get(sluice, "/a", with("gzip") + "If-None-Match: W/\"v\"\r\n").status == 304);
  CHECK(origin.count("/a") == 1);
}

TEST_CASE("cache: what a 304 freshens stays compressed, and what replaces it does not",
          "[wire][cache][compress]") {
  Origin origin({{"/a",
                  {page_of("v1", "max-age=1000, must-revalidate"),
                   {304, {{"ETag", "\"v1\""}, {"Cache-Control", "max-age=1000"}}, ""},
                   page_of("v2", "max-age=1000")}}});
  SluiceProcess sluice(caching(origin.backend()));
  const std::string anew = with("gzip") + "Cache-Control: no-cache\r\n";
  const Response first = get(sluice, "/a", with("gzip"));
  const Response freshened = get(sluice, "/a", anew);
  CHECK(compressed_before(freshened));
  CHECK((freshened.body == first.body));
  const Response replaced = get(sluice, "/a", anew);
  CHECK_FALSE(compressed_before(replaced));
  CHECK((decode("gzip", replaced.body).text == text_of("v2")));
  const Response again = get(sluice, "/a", with("gzip"));
  CHECK(compressed_before(again));
  CHECK((decode("gzip", again.body).text == text_of("v2")));
  CHECK(origin.count("/a") == 3);
}

TEST_CASE("cache: a client that leaves while its body is compressed leaves nothing half",
          "[wire][cache][compress]") {
  const std::string large(6'000'000, 'x');
  Origin origin(
      {{"/a", {{200, {{"Content-Type", "text/html"}, {"Cache-Control", "max-age=1000"}}, large}}}});
  SluiceProcess sluice(caching(origin.backend()));
  CHECK((get(sluice, "/a").body == large));
  for (int i = 0; i < 5; ++i) {
    RawClient client = sluice.connect();
    client.send("GET /a HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: br\r\n\r\n");
    read_response_head(client);
    client.reset();
  }
  for (int i = 0; i < 3; ++i) {
    const sluice::support::Decoded back = decode("br", get(sluice, "/a", with("br")).body);
    CHECK(back.whole);
    CHECK((back.text == large));
  }
}

// As long as he read, each hit was compressed anew.
TEST_CASE("cache: a slow client does not keep from others what they have compressed",
          "[wire][cache][compress][regression]") {
  const std::string large = random_letters(8'000'000);  // more, compressed, than the system buffers
  Origin origin(
      {{"/a", {{200, {{"Content-Type", "text/html"}, {"Cache-Control", "max-age=1000"}}, large}}}});
  SluiceProcess sluice(caching(origin.backend()));
  CHECK((get(sluice, "/a").body == large));
  RawClient slow = sluice.connect(0, {.receive_buffer = 4096});
  slow.send("GET /a HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK_FALSE(compressed_before(read_response_head(slow)));
  CHECK_FALSE(compressed_before(get(sluice, "/a", with("gzip"))));
  const Response next = get(sluice, "/a", with("gzip"));
  CHECK(compressed_before(next));
  CHECK((decode("gzip", next.body).text == large));
}

TEST_CASE("cache: of all who compress the same body at once each has it right, and it is kept",
          "[wire][cache][compress]") {
  const std::string whole = text_of("v");
  const bool is_first_away = GENERATE(false, true);  // who would have led
  Gate rest;
  ScriptedBackend backend([&](BackendConnection& connection) {
    while (connection.recv_request()) {
      connection.send(sluice::wire::chunked_head("Content-Type: text/html\r\n") +
                      as_chunk(whole.substr(0, 9000)));
      rest.wait();
      connection.send(as_chunk(whole.substr(9000)) + "0\r\n\r\n");
    }
  });
  SluiceProcess sluice(caching(backend));
  std::vector<RawClient> first = crowd(sluice, 1, with("gzip"));
  CHECK(first[0].peek(1).size() == 1);
  // All of them have begun to compress when the body ends.
  std::vector<RawClient> others = crowd(sluice, 20, with("gzip"));
  for (RawClient& client : others) CHECK(client.peek(1).size() == 1);
  if (is_first_away) {
    first[0].reset();
    sluice::wire::wait_for_in_flight(sluice, 20);
  }
  rest.open();
  for (RawClient& client : others) {
    const Response response = read_response(client);
    CHECK(response.field("Content-Encoding") == "gzip");
    CHECK((decode("gzip", response.body).text == whole));
  }
  if (!is_first_away) CHECK((decode("gzip", read_response(first[0]).body).text == whole));
  const Response kept = get(sluice, "/a", with("gzip"));
  CHECK(compressed_before(kept));
  CHECK((decode("gzip", kept.body).text == whole));
  CHECK(cache_stats(sluice).find("\"entries\": 2,") != std::string::npos);
  CHECK(backend.request_count() == 1);
}

TEST_CASE("cache: what is compressed and finds no room passes, and is kept once there is some",
          "[wire][cache][compress]") {
  // As many as may be under way beside a store of 1 MiB; the page leaves less room than it takes.
  constexpr int kHeld = 16;
  constexpr std::size_t kHeldBytes = 124'000;
  const std::string page = random_letters(100'000);
  Gate rest;
  ScriptedBackend backend([&](BackendConnection& connection) {
    while (const auto request = connection.recv_request()) {
      if (request->target == "/page") {
        connection.send(response_text(
            200, page, {{"Content-Type", "text/html"}, {"Cache-Control", "max-age=1000"}}));
        continue;
      }
      const std::string held =
          response_text(200, std::string(kHeldBytes, 'x'), {{"Cache-Control", "max-age=1000"}});
      connection.send(held.substr(0, held.size() - 1));
      rest.wait();
      connection.send("x");
    }
  });
  SluiceProcess sluice(caching(backend, R"("max_object": "128KiB")", "1MiB"));
  CHECK((get(sluice, "/page").body == page));
  std::vector<RawClient> holding;
  for (int i = 0; i < kHeld; ++i) {
    holding.push_back(sluice.connect());
    holding.back().send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a.example\r\n\r\n");
    CHECK(read_response_head(holding.back()).status == 200);
  }
  for (int i = 0; i < 3; ++i) {
    const Response response = get(sluice, "/page", with("gzip"));
    CHECK_FALSE(compressed_before(response));
    CHECK((decode("gzip", response.body).text == page));
  }
  rest.open();
  const sluice::support::Deadline deadline;
  while (!compressed_before(get(sluice, "/page", with("gzip")))) {
    REQUIRE_FALSE(deadline.expired());
  }
}
