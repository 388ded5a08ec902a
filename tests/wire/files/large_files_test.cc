// SPDX-License-Identifier: MIT
// Files that are larger than what is kept in memory: sent from where they lie.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/decode.h"
#include "tests/support/environment.h"
#include "tests/support/process_stats.h"
#include "tests/support/skip.h"
#include "tests/wire/site.h"

using sluice::support::Deadline;
using sluice::support::decode;
using sluice::support::descriptor_count;
using sluice::support::RawClient;
using sluice::support::Response;
using sluice::support::SluiceProcess;
using sluice::support::status_kib;
using sluice::wire::admin_stats;
using sluice::wire::ask;
using sluice::wire::ask_until_settled;
using sluice::wire::over_tls;
using sluice::wire::pattern;
using sluice::wire::Site;

namespace fs = std::filesystem;

namespace {

// Behind the root of a Site's files: the route compresses.
constexpr const char* kCompress = R"(}, "compress": {)";
constexpr const char* kTakesGzip = "Accept-Encoding: gzip\r\n";

// Half of which is left when it is compressed.
std::string letters_of_pattern(std::size_t size) {
  std::string out = pattern(size);
  for (char& c : out) c = static_cast<char>('a' + (c & 15));
  return out;
}

}  // namespace

TEST_CASE("files: a large file is seen when it changes, and let go within a second or so",
          "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  ask(client, "/digits.txt");
  const std::size_t open_before = descriptor_count(sluice.process_id());
  CHECK(ask(client, "/big.bin").body == pattern(3'000'000));
  site.directory.write("www/big.bin", pattern(100'000));
  CHECK(ask(client, "/big.bin").body == pattern(100'000));
  fs::remove(site.directory.path() / "www/big.bin");
  Response gone;
  for (const Deadline deadline; gone.status != 404 && !deadline.expired();) {
    gone = ask(client, "/big.bin");
  }
  CHECK(gone.status == 404);
  std::size_t open = open_before + 1;
  for (const Deadline deadline; open > open_before && !deadline.expired();) {
    open = descriptor_count(sluice.process_id());
  }
  CHECK(open == open_before);
}

TEST_CASE("files: large files that are open already answer as the first time", "[wire][files]") {
  Site site;
  const std::string plain = pattern(200'000);
  const std::string coded = pattern(150'000);
  site.directory.write("www/large.js", plain);
  site.directory.write("www/large.js.gz", coded);
  SluiceProcess sluice(site.config(R"(, "precompressed": true)"));
  RawClient client = sluice.connect();
  ask_until_settled(client, "/large.js");
  for (int i = 0; i < 3; ++i) {
    const Response whole = ask(client, "/large.js");
    CHECK(whole.body == plain);
    CHECK(whole.field("Vary") == "Accept-Encoding");
    CHECK_FALSE(whole.has("Content-Encoding"));
    const Response gzip = ask(client, "/large.js", "Accept-Encoding: gzip\r\n");
    CHECK(gzip.body == coded);
    CHECK(gzip.field("Content-Encoding") == "gzip");
    CHECK(gzip.field("Content-Type") == "text/javascript; charset=utf-8");
    CHECK(ask(client, "/large.js", "Range: bytes=100-199\r\n").body == plain.substr(100, 100));
    CHECK(ask(client, "/large.js", "If-None-Match: " + whole.field("ETag") + "\r\n").status == 304);
    CHECK(ask(client, "/large.js", "", "HEAD").field("Content-Length") == "200000");
  }
}

TEST_CASE("files: a file that becomes shorter on its way is a visible cut", "[wire][files]") {
  Site site;
  // Larger than all buffers on the way, so that the end is not read yet when it goes.
  const fs::path path = site.directory.path() / "www/large";
  site.directory.write("www/large", "");
  fs::resize_file(path, 64'000'000);
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  client.recv_until("\r\n\r\n");
  fs::resize_file(path, 1000);
  CHECK(client.recv_to_close().size() < 64'000'000);
  CHECK_NOTHROW(sluice.wait_for_access_log("\"end\":\"file_failed\""));
}

TEST_CASE("files: a slow reader of a large file costs no memory, and leaves nothing open",
          "[wire][files]") {
  Site site;
  fs::resize_file(site.directory.path() / "www/big.bin", 200'000'000);
  SluiceProcess sluice(site.config());
  const std::size_t at_rest = descriptor_count(sluice.process_id());
  {
    RawClient client = sluice.connect();
    CHECK(ask(client, "/digits.txt").status == 200);
    const std::size_t before = sluice::support::status_kib(sluice.process_id(), "VmHWM");
    client.send("GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    client.recv_exact(1'000'000);
    const std::size_t peak = sluice::support::status_kib(sluice.process_id(), "VmHWM");
    if (!sluice::support::kSanitized) CHECK(peak < before + 2048);
    client.close();
  }
  const sluice::support::Deadline deadline;
  while (descriptor_count(sluice.process_id()) > at_rest) {
    REQUIRE_FALSE(deadline.expired());
  }
}

TEST_CASE("files: a large file is compressed once, and again when it has changed",
          "[wire][files][compress]") {
  Site site;
  SluiceProcess sluice(site.config(kCompress));
  RawClient client = sluice.connect();
  for (const std::string& text : {letters_of_pattern(300'000), letters_of_pattern(200'000)}) {
    CAPTURE(text.size());
    site.directory.write("www/large.txt", text);
    ask_until_settled(client, "/large.txt");
    const Response made = ask(client, "/large.txt", kTakesGzip);
    CHECK_FALSE(made.has("Content-Length"));
    CHECK((decode("gzip", made.body).text == text));
    for (int i = 0; i < 2; ++i) {
      const Response kept = ask(client, "/large.txt", kTakesGzip);
      CHECK(kept.field("Content-Length") == std::to_string(kept.body.size()));
      CHECK(kept.field("Content-Encoding") == "gzip");
      CHECK((kept.body == made.body));
    }
    CHECK((ask(client, "/large.txt").body == text));
    CHECK(ask(client, "/large.txt", std::string(kTakesGzip) + "Range: bytes=5-9\r\n").body ==
          text.substr(5, 5));
    CHECK_FALSE(ask(client, "/large.txt", "Accept-Encoding: br\r\n").has("Content-Length"));
  }
}

TEST_CASE("files: what may change, or is larger than what is kept, is compressed each time",
          "[wire][files][compress]") {
  Site site;
  const std::string text = letters_of_pattern(300'000);
  site.directory.write("www/large.txt", text);
  std::string config = site.config(kCompress);
  config.insert(1, R"("cache": {"size": "4MiB"}, )");  // objects of 256 KiB
  SluiceProcess sluice(config);
  RawClient client = sluice.connect();
  for (int i = 0; i < 6; ++i) {
    if (i == 3) ask_until_settled(client, "/large.txt");
    const Response response = ask(client, "/large.txt", kTakesGzip);
    CHECK_FALSE(response.has("Content-Length"));
    CHECK((decode("gzip", response.body).text == text));
  }
  CHECK(admin_stats(sluice).find("\"entries\": 0,") != std::string::npos);
}

TEST_CASE("files: what was changed while it was compressed is not kept",
          "[wire][files][compress]") {
  Site site;
  // Larger than all buffers on the way, so that its end is not read yet when it changes.
  const std::string text = letters_of_pattern(16'000'000);
  site.directory.write("www/large.txt", text);
  SluiceProcess sluice(site.config(kCompress));
  RawClient client = sluice.connect(0, {.receive_buffer = 65536});
  ask_until_settled(client, "/large.txt");
  client.send(std::string("GET /large.txt HTTP/1.1\r\nHost: a\r\n") + kTakesGzip + "\r\n");
  const std::string head = client.recv_until("\r\n\r\n");
  CHECK(head.find("Content-Encoding: gzip") != std::string::npos);
  std::fstream(site.directory.path() / "www/large.txt", std::ios::in | std::ios::out) << "other";
  CHECK_FALSE(client.recv_until("\r\n0\r\n\r\n").empty());
  CHECK(admin_stats(sluice).find("\"entries\": 0,") != std::string::npos);
}

// Those that a worker has open in case they are asked for again.
TEST_CASE("files: where descriptors are few, no file is refused for others that nobody reads",
          "[wire][files][limits][regression]") {
  if (sluice::support::kSanitized) sluice::support::skip("has descriptors of its own");
  constexpr int kFiles = 60;
  Site site;
  for (int i = 0; i < kFiles; ++i) {
    site.directory.write("www/large" + std::to_string(i), pattern(100'000));
  }
  sluice::support::ProcessOptions options;
  options.runner = sluice::support::by_shell("ulimit -n 64");
  SluiceProcess sluice(site.config(), options);
  RawClient client = sluice.connect();
  for (int i = 0; i < kFiles; ++i) {
    CHECK(ask(client, "/large" + std::to_string(i)).body == pattern(100'000));
  }
}

// It may still read: as with an answer that was complete before.
TEST_CASE("files: a client that has shut its side gets all of a large file",
          "[wire][files][regression]") {
  constexpr std::size_t kBytes = 20'000'000;  // more than the system buffers
  const bool tls = GENERATE(false, true);
  Site site;
  site.directory.write("www/huge.bin", pattern(kBytes));
  SluiceProcess sluice(site.config({}, tls ? over_tls(site) : ""));
  RawClient client = sluice.connect(0, {.receive_buffer = 64 * 1024});
  if (tls) client.handshake();
  client.send("GET /huge.bin HTTP/1.1\r\nHost: a.example\r\n\r\n");
  client.half_close();
  const Response response = read_response(client);
  CHECK(response.body.size() == kBytes);
  CHECK(response.body == pattern(kBytes));
  client.expect_close();
  sluice.wait_for_access_log(R"("end":"ok")");
}

// The head is part of the first; what OpenSSL gives at once is a record.
TEST_CASE("files: over TLS, in full records", "[wire][files][tls][regression]") {
  constexpr std::size_t kRecord = 16 * 1024;
  Site site;
  site.directory.write("www/large.bin", pattern(7 * kRecord));
  SluiceProcess sluice(site.config({}, over_tls(site)));
  RawClient client = sluice.connect();
  client.handshake();
  client.send("GET /large.bin HTTP/1.1\r\nHost: a.example\r\n\r\n");
  std::string all = client.recv_some();
  CHECK(all.size() == kRecord);
  const std::size_t expected = all.find("\r\n\r\n") + 4 + 7 * kRecord;
  while (all.size() < expected) {
    const std::string record = client.recv_some();
    all += record;
    CHECK((record.size() == kRecord || all.size() == expected));
  }
  CHECK(all.substr(expected - 7 * kRecord) == pattern(7 * kRecord));
}

// 16 KiB each, which OpenSSL keeps from one record of an answer to the next.
TEST_CASE("files: over TLS, a connection at rest has no record buffer", "[wire][files][tls]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's memory is its own");
  constexpr int kClients = 400;
  Site site;
  site.directory.write("www/large.bin", pattern(100'000));
  SluiceProcess sluice(site.config({}, over_tls(site)));
  std::vector<RawClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(sluice.connect());
    clients.back().handshake();
    CHECK(ask(clients.back(), "/digits.txt").status == 200);
  }
  const std::size_t before_kib = status_kib(sluice.process_id(), "VmRSS");
  for (RawClient& client : clients) CHECK(ask(client, "/large.bin").body.size() == 100'000);
  CHECK(status_kib(sluice.process_id(), "VmRSS") < before_kib + kClients * 4);
}
