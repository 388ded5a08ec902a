// SPDX-License-Identifier: MIT
// Real peers: curl in front, nginx behind.
#include <catch2/catch.hpp>

#include <filesystem>
#include <string>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process.h"
#include "tests/support/process_stats.h"
#include "tests/support/raw_client.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"
#include "tests/wire/forward/peers.h"

using sluice::support::run_program;
using sluice::support::SluiceProcess;
using sluice::wire::Farm;
using sluice::wire::Nginx;

TEST_CASE("peers: curl gets from nginx, over http and https", "[wire][peers]") {
  Farm farm;
  Nginx nginx(farm.directory);
  SluiceProcess sluice(farm.config(nginx.address()));
  for (std::size_t listener : {0U, 1U}) {
    CHECK(farm.curl(sluice, {}, "/small", listener).out == "small file\n");
    CHECK(farm.curl(sluice, {"-I"}, "/small", listener).out.find("Content-Length: 11") !=
          std::string::npos);
    CHECK(farm.curl(sluice, {"-o", "/dev/null", "-w", "%{http_code}"}, "/missing", listener).out ==
          "404");
    CHECK(farm.curl(sluice, {"-r", "6-9"}, "/small", listener).out == "file");

    const std::string copy = farm.directory.file("copy");
    const std::string big = farm.directory.file("www/big");
    CHECK(farm.curl(sluice, {"-o", copy}, "/big", listener).status.code == 0);
    CHECK(run_program({"cmp", copy, big}).status.code == 0);
    // Compressed on the fly: chunked, with no length.
    CHECK(farm.curl(sluice, {"--compressed", "-o", copy}, "/gzip/big", listener).status.code == 0);
    CHECK(run_program({"cmp", copy, big}).status.code == 0);
  }
}

TEST_CASE("peers: nginx's connections are kept alive", "[wire][peers]") {
  Farm farm;
  Nginx nginx(farm.directory);
  SluiceProcess sluice(sluice::wire::forwarding_to({nginx.address()}));
  sluice::support::RawClient client = sluice.connect();
  for (int i = 1; i <= 100; ++i) {
    client.send("GET /count HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(sluice::support::read_response(client).body == std::to_string(i));
  }
}

TEST_CASE("peers: curl uploads in both framings, and waits for 100", "[wire][peers]") {
  Farm farm;
  sluice::support::ScriptedBackend backend([](sluice::support::BackendConnection& connection) {
    while (auto request = connection.recv_request(std::chrono::milliseconds(60'000))) {
      connection.respond(200, std::to_string(std::hash<std::string>()(request->body)));
    }
  });
  SluiceProcess sluice(sluice::wire::forwarding_to(backend));
  const std::string body = sluice::support::read_file(farm.directory.file("www/big"));
  const std::string expected = std::to_string(std::hash<std::string>()(body));
  const std::string file = "@" + farm.directory.file("www/big");
  CHECK(farm.curl(sluice, {"--data-binary", file}, "/").out == expected);
  CHECK(farm.curl(sluice, {"--data-binary", file, "-H", "Transfer-Encoding: chunked"}, "/").out ==
        expected);
  CHECK(farm.curl(sluice, {"--data-binary", file, "-H", "Expect: 100-continue"}, "/").out ==
        expected);
}

TEST_CASE("peers: memory does not grow with the size of a body", "[wire][peers]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's memory is its own");
  Farm farm;
  Nginx nginx(farm.directory);
  SluiceProcess sluice(sluice::wire::forwarding_to({nginx.address()}));
  auto peak_kib = [&sluice] { return sluice::support::status_kib(sluice.process_id(), "VmHWM"); };
  // 2 GiB and 2 MiB, through a client that reads as fast as it can.
  std::filesystem::resize_file(farm.directory.path() / "www" / "big", 2 << 20);
  CHECK(farm.curl(sluice, {"-o", "/dev/null"}, "/big").status.code == 0);
  const std::size_t small_kib = peak_kib();
  std::filesystem::resize_file(farm.directory.path() / "www" / "big", std::uintmax_t{2} << 30);
  CHECK(farm.curl(sluice, {"-o", "/dev/null"}, "/big").status.code == 0);
  const std::size_t big_kib = peak_kib();
  INFO(small_kib << " KiB, then " << big_kib << " KiB");
  CHECK(big_kib < small_kib + 1024);
}

TEST_CASE("peers: wrk pipelines, and every answer comes", "[wire][peers]") {
  const auto wrk = sluice::support::find_program("wrk");
  if (!wrk) sluice::support::skip("no wrk");
  Farm farm;
  Nginx nginx(farm.directory);
  SluiceProcess sluice(farm.config(nginx.address()));
  for (const std::size_t listener : {0U, 1U}) {
    const sluice::support::Finished finished =
        run_program({*wrk, "-t", "2", "-c", "8", "-d", "1s", "-s", "tests/peers/pipeline.lua",
                     farm.url(sluice, "/small", listener)});
    INFO(finished.out << finished.err);
    CHECK(finished.status.code == 0);
    CHECK(finished.out.find("Non-2xx") == std::string::npos);
    CHECK(finished.out.find("Socket errors") == std::string::npos);
    // "  123456 requests in 1.00s, ..."
    const std::size_t words = finished.out.find(" requests in");
    REQUIRE(words != std::string::npos);
    CHECK(std::stoul(finished.out.substr(finished.out.rfind('\n', words))) > 100);
  }
}
