// SPDX-License-Identifier: MIT
// Compression over real sockets: what clients get, and what happens to it when somebody stops.
#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <string>

#include "tests/support/decode.h"
#include "tests/support/environment.h"
#include "tests/support/process.h"
#include "tests/support/process_stats.h"
#include "tests/support/temp_dir.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/site.h"

using sluice::support::BackendConnection;
using sluice::support::ClientOptions;
using sluice::support::Deadline;
using sluice::support::decode;
using sluice::support::Decoded;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::read_response_head;
using sluice::support::Response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::status_kib;
using sluice::wire::ask;
using sluice::wire::ask_until_settled;
using sluice::wire::get;
using sluice::wire::Origin;
using sluice::wire::OriginAnswer;

namespace {

const std::string& page_text() {
  static const std::string kLines = [] {
    std::string out;
    for (int i = 0; i < 4000; ++i) out += "line " + std::to_string(i * i) + " of a page\n";
    return out;
  }();
  return kLines;
}

std::string compressing(const ScriptedBackend& backend, std::string_view route = "\"compress\": {}",
                        std::string_view more = {}) {
  std::string config = R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}], )";
  config += R"("access_log": {"format": "json"}, "pools": {"p": {"backends": [")";
  config += backend.address() + R"("], "max_fails": 0}}, "routes": [{"forward": {"pool": "p"}, )";
  config.append(route).append("}]").append(more).append("}");
  return config;
}

OriginAnswer page(sluice::support::Fields fields = {}) {
  fields.emplace_back("Content-Type", "text/html");
  return {200, std::move(fields), page_text()};
}

constexpr std::string_view kGzip = "Accept-Encoding: gzip\r\n";

// One chunk; empty: the last.
std::string next_chunk(RawClient& client) {
  const std::size_t size = std::stoul(client.recv_until("\r\n"), nullptr, 16);
  std::string chunk = client.recv_exact(size);
  client.recv_exact(2);
  return chunk;
}

std::string rest_of_chunks(RawClient& client) {
  std::string all;
  for (std::string chunk = next_chunk(client); !chunk.empty(); chunk = next_chunk(client)) {
    all += chunk;
  }
  return all;
}

}  // namespace

TEST_CASE("compress: each encoding reaches a client of its own", "[wire][compress]") {
  Origin origin({{"/a", {page({{"ETag", "\"v1\""}})}}});
  SluiceProcess sluice(compressing(origin.backend()));
  for (const std::string coding : {"br", "zstd", "gzip"}) {
    CAPTURE(coding);
    const Response response = get(sluice, "/a", "Accept-Encoding: " + coding + ";q=0.5\r\n");
    CHECK(response.field("Content-Encoding") == coding);
    CHECK(response.field("Vary") == "Accept-Encoding");
    CHECK(response.field("ETag") == "W/\"v1\"");
    CHECK_FALSE(response.has("Content-Length"));
    CHECK(response.chunked);
    CHECK(response.body.size() < page_text().size() / 2);
    const Decoded back = decode(coding, response.body);
    CHECK(back.whole);
    CHECK((back.text == page_text()));
    const Response head = ask(sluice, "HEAD", "/a", "Accept-Encoding: " + coding + "\r\n");
    CHECK(head.field("Content-Encoding") == coding);
    CHECK(head.field("Vary") == "Accept-Encoding");
    CHECK(head.field("ETag") == "W/\"v1\"");
    CHECK_FALSE(head.has("Content-Length"));
  }
  const Response plain = get(sluice, "/a");
  CHECK_FALSE(plain.has("Content-Encoding"));
  CHECK(plain.field("Vary") == "Accept-Encoding");
  CHECK(plain.field("ETag") == "\"v1\"");
  CHECK((plain.body == page_text()));
}

TEST_CASE("compress: curl takes it, and gets the page", "[wire][compress]") {
  Origin origin({{"/a", {page()}}});
  SluiceProcess sluice(compressing(origin.backend()));
  for (const std::string coding : {"gzip, deflate, br", "gzip", "zstd"}) {
    const auto curl =
        sluice::support::run_program({"curl", "-sS", "--compressed", "-H",
                                      "Accept-Encoding: " + coding, sluice.listener() + "/a"});
    CAPTURE(coding, curl.err);
    if (coding == "zstd" && curl.status.code == 61) continue;  // a curl without zstd
    CHECK(curl.status.code == 0);
    CHECK((curl.out == page_text()));
  }
}

TEST_CASE("compress: what may not be changed passes byte by byte", "[wire][compress]") {
  Origin origin(
      {{"/twice", {page({{"Content-Encoding", "gzip"}})}},
       {"/part",
        {{206, {{"Content-Type", "text/html"}, {"Content-Range", "bytes 0-4/9"}}, "01234"}}},
       {"/small", {{200, {{"Content-Type", "text/html"}}, "small"}}},
       {"/as-is", {page({{"Cache-Control", "no-transform"}})}}});
  SluiceProcess sluice(compressing(origin.backend()));
  const Response twice = get(sluice, "/twice", kGzip);
  CHECK(twice.values("Content-Encoding") == std::vector<std::string>{"gzip"});
  CHECK((twice.body == page_text()));
  const Response part = get(sluice, "/part", "Accept-Encoding: gzip\r\nRange: bytes=0-4\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == "01234");
  CHECK_FALSE(part.has("Content-Encoding"));
  CHECK(get(sluice, "/small", kGzip).field("Content-Length") == "5");
  CHECK((get(sluice, "/as-is", kGzip).body == page_text()));
}

// The usual recipe, by which the proxy compresses and not the backend, was the end of compression.
TEST_CASE("compress: what the backend is told instead changes nothing about the client",
          "[wire][compress][regression]") {
  struct Row {
    const char* edits;
    std::string asked;
    const char* coding;  // "": none
  };
  const Row rows[] = {
      {R"("remove": ["Accept-Encoding"])", std::string(kGzip), "gzip"},
      {R"("set": {"Accept-Encoding": "gzip"})", "Accept-Encoding: identity\r\n", ""},
      {R"("remove": ["Cache-Control"])", std::string(kGzip) + "Cache-Control: no-transform\r\n",
       ""},
      {R"("set": {"User-Agent": "edge"}, "remove": ["Referer"])",
       std::string(kGzip) + "User-Agent: curl\r\nReferer: http://b/\r\n", "gzip"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.edits);
    Origin origin({{"/a", {page()}}});
    SluiceProcess sluice(
        compressing(origin.backend(),
                    std::string(R"("compress": {}, "headers": {"request": {)") + row.edits + "}}"));
    CHECK(get(sluice, "/a", row.asked).field("Content-Encoding") == row.coding);
    if (row.asked.find("Referer") == std::string::npos) continue;
    CHECK(origin.backend().requests().at(0).field("User-Agent") == "edge");
    sluice.wait_for_access_log(R"("ua":"curl","referer":"http://b/")");
  }
}

TEST_CASE("compress: an HTTP/1.0 client gets it as it is", "[wire][compress]") {
  Origin origin({{"/a", {page()}}});
  SluiceProcess sluice(compressing(origin.backend()));
  RawClient client = sluice.connect();
  client.send("GET /a HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n");
  const Response response = read_response(client);
  CHECK_FALSE(response.has("Content-Encoding"));
  CHECK(response.field("Vary") == "Accept-Encoding");
  CHECK((response.body == page_text()));
}

TEST_CASE("compress: a body that the backend cuts off has no end", "[wire][compress]") {
  std::promise<void> head_seen;  // a cut in the same turn would take the head with it
  ScriptedBackend backend([&head_seen](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\nonly this");
    head_seen.get_future().wait_for(std::chrono::seconds(30));
  });
  SluiceProcess sluice(compressing(backend));
  RawClient client = sluice.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(read_response_head(client).field("Content-Encoding") == "gzip");
  head_seen.set_value();
  const std::string rest = client.recv_to_close();
  CHECK_FALSE(rest.ends_with("0\r\n\r\n"));
}

TEST_CASE("compress: what has come is passed on while the backend waits", "[wire][compress]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n");
    connection.recv_to_close();
  });
  SluiceProcess sluice(compressing(backend));
  RawClient client = sluice.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  read_response_head(client);
  std::string compressed;
  while (compressed.empty() || decode("gzip", compressed).text != "hello") {
    compressed += next_chunk(client);
  }
  CHECK_FALSE(decode("gzip", compressed).whole);
}

TEST_CASE("compress: an event stream is passed on as it is", "[wire][compress]") {
  ScriptedBackend backend([](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        "9\r\ndata: 1\n\n\r\n");
    connection.recv_to_close();
  });
  SluiceProcess sluice(compressing(backend));
  RawClient client = sluice.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK_FALSE(read_response_head(client).has("Content-Encoding"));
  CHECK(client.recv_exact(14) == "9\r\ndata: 1\n\n\r\n");
}

TEST_CASE("compress: clients that leave midway cost nothing that stays", "[wire][compress]") {
  const std::string large(4'000'000, 'x');
  ScriptedBackend backend(ScriptedBackend::answer(200, large, {{"Content-Type", "text/html"}}));
  SluiceProcess sluice(compressing(backend));
  for (int i = 0; i < 300; ++i) {  // more than are at work at once
    RawClient client = sluice.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    CHECK(read_response_head(client).field("Content-Encoding") == "gzip");
    client.reset();
  }
  const Response response = get(sluice, "/", kGzip);
  CHECK((decode("gzip", response.body).text == large));
}

TEST_CASE("compress: a client that takes nothing pauses the backend", "[wire][compress]") {
  std::string noise(8'000'000, '\0');
  std::uint32_t state = 1;
  for (char& c : noise) c = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
  ScriptedBackend backend(ScriptedBackend::answer(200, noise, {{"Content-Type", "text/html"}}));
  SluiceProcess sluice(
      compressing(backend, "\"compress\": {}", R"(, "buffers": {"response": "64KiB"})"));
  get(sluice, "/", kGzip);  // warm
  const std::size_t before = status_kib(sluice.process_id(), "VmRSS");
  ClientOptions slow;
  slow.receive_buffer = 16 * 1024;
  RawClient client = sluice.connect(0, slow);
  client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  read_response_head(client);
  // Others are served meanwhile, so all that this one is sent has been taken in.
  for (int i = 0; i < 3; ++i) get(sluice, "/", kGzip);
  if (!sluice::support::kSanitized) {
    CHECK(status_kib(sluice.process_id(), "VmRSS") < before + 4096);
  }
  const Decoded back = decode("gzip", rest_of_chunks(client));
  CHECK(back.whole);
  CHECK((back.text == noise));
}

TEST_CASE("compress: a reload in the middle leaves the response whole", "[wire][compress]") {
  std::promise<void> reloaded;
  ScriptedBackend backend([&reloaded](BackendConnection& connection) {
    if (!connection.recv_request()) return;
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 11\r\n\r\nhello ");
    reloaded.get_future().wait_for(std::chrono::seconds(30));
    connection.send("world");
  });
  Origin other({{"/", {page()}}});
  SluiceProcess sluice(compressing(backend, R"("compress": {"min_size": "1B"})"));
  RawClient client = sluice.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(read_response_head(client).field("Content-Encoding") == "gzip");
  CHECK(sluice.reload(compressing(other.backend(), R"("buffer": false)")));
  CHECK_FALSE(get(sluice, "/", kGzip).has("Content-Encoding"));
  reloaded.set_value();
  const Decoded back = decode("gzip", rest_of_chunks(client));
  CHECK(back.whole);
  CHECK(back.text == "hello world");
}

TEST_CASE("compress: files are compressed, unless a compressed one lies beside",
          "[wire][compress]") {
  sluice::support::TempDir directory;
  directory.write("a.html", page_text());  // so large that it would be sent from where it lies
  REQUIRE(page_text().size() > 64 * 1024);
  directory.write("b.html", page_text());
  directory.write("b.html.gz", "as if compressed");
  const std::string config =
      R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}], "routes": [{"files": {"root": ")" +
      directory.path().string() +
      R"(", "precompressed": true}, "compress": {}}, {"match": {"path": "/s/*"},
      "strip_prefix": "/s", "compress": {}, "files": {"root": ")" +
      directory.path().string() + R"("}}]})";
  SluiceProcess sluice(config);
  RawClient client = sluice.connect();
  ask_until_settled(client, "/a.html");
  const Response a = get(sluice, "/a.html", kGzip);
  CHECK(a.values("Vary") == std::vector<std::string>{"Accept-Encoding"});
  CHECK(a.field("ETag").starts_with("W/\""));
  CHECK((decode("gzip", a.body).text == page_text()));
  const Response again =
      get(sluice, "/a.html", "Accept-Encoding: gzip\r\nIf-None-Match: " + a.field("ETag") + "\r\n");
  CHECK(again.status == 304);
  CHECK(again.field("ETag") == a.field("ETag"));
  const Response b = get(sluice, "/b.html", kGzip);
  CHECK(b.field("Content-Encoding") == "gzip");
  CHECK(b.body == "as if compressed");
  const Response part = get(sluice, "/a.html", "Accept-Encoding: gzip\r\nRange: bytes=0-3\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == "line");
  CHECK(part.values("Vary") == std::vector<std::string>{"Accept-Encoding"});
  // Where no sibling is looked for, only the filter knows.
  const Response of_filter = get(sluice, "/s/a.html", "Range: bytes=0-3\r\n");
  CHECK(of_filter.status == 206);
  CHECK(of_filter.field("Vary") == "Accept-Encoding");
  const Response parts = get(sluice, "/s/a.html", "Range: bytes=0-3,9-12\r\n");
  CHECK(parts.status == 206);
  CHECK(parts.field("Vary") == "Accept-Encoding");
}
