// SPDX-License-Identifier: MIT
// Purging over the admin listener and by the command.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/process.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::Finished;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::run_program;
using sluice::support::ScriptedBackend;
using sluice::support::sluice_binary;
using sluice::support::SluiceProcess;
using sluice::wire::caching;
using sluice::wire::Gate;
using sluice::wire::get;
using sluice::wire::Origin;

namespace {

Origin tagged_origin() {
  return Origin(
      {{"/a", {{200, {{"Cache-Control", "max-age=1000"}, {"Cache-Tag", "x,y"}}, "a"}}},
       {"/b", {{200, {{"Cache-Control", "max-age=1000"}, {"Surrogate-Key", "y z"}}, "b"}}},
       {"/e",
        {{200, {{"Cache-Control", "max-age=1000"}, {"ETag", "\"1\""}, {"Cache-Tag", "s"}}},
         {304, {{"ETag", "\"1\""}}}}}});
}

Response post(const SluiceProcess& sluice, const std::string& target) {
  RawClient admin = sluice.connect_admin();
  admin.send("POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  return read_response(admin);
}

Finished command(const SluiceProcess& sluice, std::vector<std::string> arguments) {
  std::vector<std::string> all = {sluice_binary(), "cache"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  all.insert(all.end(), {"--admin", "unix:" + sluice.directory().file("admin.sock")});
  return run_program(all);
}

}  // namespace

TEST_CASE("cache purge: a tag takes every response that has it, and no other", "[wire][cache]") {
  Origin origin = tagged_origin();
  SluiceProcess sluice(caching(origin.backend()));
  get(sluice, "/a");
  get(sluice, "/b");
  CHECK(post(sluice, "/cache/purge?tag=x").body == "{\"purged\": 1, \"fetches_outdated\": 0}\n");
  get(sluice, "/a");
  get(sluice, "/b");
  CHECK(origin.count("/a") == 2);
  CHECK(origin.count("/b") == 1);
  CHECK(post(sluice, "/cache/purge?tag=y").body == "{\"purged\": 2, \"fetches_outdated\": 0}\n");
}

TEST_CASE("cache purge: what is purged softly is validated, not fetched anew", "[wire][cache]") {
  Origin origin = tagged_origin();
  SluiceProcess sluice(caching(origin.backend()));
  get(sluice, "/e");
  CHECK(post(sluice, "/cache/purge?tag=s&soft").status == 200);
  CHECK(get(sluice, "/e").body == "body");
  REQUIRE(origin.count("/e") == 2);
  CHECK(origin.requests("/e")[1].field("If-None-Match") == "\"1\"");
}

TEST_CASE("cache purge: what one client fetches for itself meanwhile is not kept",
          "[wire][cache]") {
  Gate gate;
  ScriptedBackend backend([&gate](BackendConnection& connection) {
    while (const auto request = connection.recv_request()) {
      if (request->has("Authorization")) gate.wait();
      connection.respond(200, request->has("Authorization") ? "before" : "after",
                         {{"Cache-Control", "public, max-age=1000"}});
    }
  });
  SluiceProcess sluice(caching(backend));
  for (const bool purges : {true, false}) {
    gate.shut();
    RawClient client = sluice.connect();
    client.send("GET /a HTTP/1.1\r\nHost: a.example\r\nAuthorization: Basic YTpi\r\n\r\n");
    backend.wait_for_requests(1);
    if (purges) CHECK(post(sluice, "/cache/purge?all").status == 200);
    gate.open();
    CHECK(read_response(client).body == "before");
    CHECK(get(sluice, "/a").body == (purges ? "after" : "before"));
    CHECK(post(sluice, "/cache/purge?all").status == 200);
  }
}

TEST_CASE("cache purge: a URL takes out what its route keeps of it, whatever else is in the key",
          "[wire][cache]") {
  Origin origin({{"/a?id=1&utm=2", {{200, {{"Cache-Control", "max-age=1000"}}, "a"}}}});
  SluiceProcess sluice(
      caching(origin.backend(), R"("key": {"query": ["id"], "headers": ["X-Kind"]})"));
  get(sluice, "/a?id=1&utm=2", "X-Kind: 1\r\n");
  get(sluice, "/a?id=1&utm=2", "X-Kind: 2\r\n");
  CHECK(post(sluice, "/cache/purge?url=a.example./a%3Fid=1%26utm=3").body ==
        "{\"purged\": 2, \"fetches_outdated\": 0}\n");
  get(sluice, "/a?id=1&utm=2", "X-Kind: 1\r\n");
  CHECK(origin.count("/a?id=1&utm=2") == 3);
}

TEST_CASE("cache purge: the command purges and tells what is stored", "[wire][cache]") {
  Origin origin = tagged_origin();
  SluiceProcess sluice(caching(origin.backend()));
  get(sluice, "/a");
  get(sluice, "/b");
  const Finished stats = command(sluice, {"stats"});
  CHECK(stats.status.code == 0);
  CHECK(stats.out.find("\"entries\": 2,") != std::string::npos);
  const Finished purged = command(sluice, {"purge", "url", "http://A.example/a"});
  CHECK(purged.status.code == 0);
  CHECK(purged.out == "{\"purged\": 1, \"fetches_outdated\": 0}\n");
  CHECK(command(sluice, {"purge", "prefix", "a.example/"}).out ==
        "{\"purged\": 1, \"fetches_outdated\": 0}\n");
}

TEST_CASE("cache purge: the command says what went wrong", "[wire][cache]") {
  Origin origin = tagged_origin();
  SluiceProcess sluice(caching(origin.backend()));
  const Finished refused = command(sluice, {"purge", "url", "ftp://a/"});
  CHECK(refused.status.code == 1);
  CHECK(refused.err == "that is no URL of http or https\n");
  const Finished nobody = run_program({sluice_binary(), "cache", "stats", "--admin", "unix:/no"});
  CHECK(nobody.status.code == 1);
  CHECK(nobody.err.find("No such file or directory") != std::string::npos);
  CHECK(run_program({sluice_binary(), "cache", "purge"}).status.code == 2);
}
