// SPDX-License-Identifier: MIT
// Purging over the admin listener and by the command.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
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
using sluice::support::TempDir;
using sluice::wire::caching;
using sluice::wire::Gate;
using sluice::wire::get;
using sluice::wire::Origin;
using sluice::wire::post_to_admin;

namespace {

Origin tagged_origin() {
  return Origin(
      {{"/a", {{200, {{"Cache-Control", "max-age=1000"}, {"Cache-Tag", "x,y"}}, "a"}}},
       {"/b", {{200, {{"Cache-Control", "max-age=1000"}, {"Surrogate-Key", "y z"}}, "b"}}},
       {"/e",
        {{200, {{"Cache-Control", "max-age=1000"}, {"ETag", "\"1\""}, {"Cache-Tag", "s"}}},
         {304, {{"ETag", "\"1\""}}}}}});
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
  CHECK(post_to_admin(sluice, "/cache/purge?tag=x").body ==
        "{\"purged\": 1, \"fetches_outdated\": 0}\n");
  get(sluice, "/a");
  get(sluice, "/b");
  CHECK(origin.count("/a") == 2);
  CHECK(origin.count("/b") == 1);
  CHECK(post_to_admin(sluice, "/cache/purge?tag=y").body ==
        "{\"purged\": 2, \"fetches_outdated\": 0}\n");
}

TEST_CASE("cache purge: a host takes all that is stored of it, and nothing of others",
          "[wire][cache]") {
  Origin origin = tagged_origin();
  SluiceProcess sluice(caching(origin.backend()));
  const auto get_of = [&sluice](const std::string& host) {
    RawClient client = sluice.connect();
    client.send("GET /a HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return read_response(client).field("Cache-Status");
  };
  const std::vector<std::string> hosts = {"b.example", "B.example:8080", "sub.b.example",
                                          "b.example.org", "[2001:db8::1]:8080"};
  for (const std::string& host : hosts) get_of(host);
  CHECK(origin.count("/a") == hosts.size());
  CHECK(post_to_admin(sluice, "/cache/purge?host=B.example.").body ==
        "{\"purged\": 2, \"fetches_outdated\": 0}\n");
  CHECK(post_to_admin(sluice, "/cache/purge?host=%5B2001:DB8::1%5D").body ==
        "{\"purged\": 1, \"fetches_outdated\": 0}\n");
  for (const std::string& host : hosts) get_of(host);
  CHECK(origin.count("/a") == hosts.size() + 3);
  CHECK(post_to_admin(sluice, "/cache/purge?host=b.example:8080").status == 400);
  CHECK(post_to_admin(sluice, "/cache/purge?tag=a%20b").status == 400);
  CHECK(post_to_admin(sluice, "/cache/purge?tag=a,b").status == 400);
}

TEST_CASE("cache purge: a prefix finds what is stored however it is spelt", "[wire][cache]") {
  Origin origin({{"/x/a%2Fb", {{200, {{"Cache-Control", "max-age=1000"}}, "a"}}},
                 {"/x/~u/%C3%BC", {{200, {{"Cache-Control", "max-age=1000"}}, "u"}}}});
  SluiceProcess sluice(caching(origin.backend()));
  const auto purged_by = [&sluice](const std::string& prefix) {
    get(sluice, "/x/a%2fb");
    get(sluice, "/x/%7eu/%c3%bc");
    return command(sluice, {"purge", "prefix", "a.example" + prefix}).out;
  };
  const std::string one = "{\"purged\": 1, \"fetches_outdated\": 0}\n";
  const std::string both = "{\"purged\": 2, \"fetches_outdated\": 0}\n";
  CHECK(purged_by("/x/a%2f") == one);
  CHECK(purged_by("/x/%7E") == one);
  CHECK(purged_by("/x/~u/\xc3\xbc") == one);
  CHECK(purged_by("/x/~u/%c") == one);
  CHECK(purged_by("/y/../x//") == both);
  CHECK(purged_by("/x") == both);
}

TEST_CASE("cache purge: what is purged softly is validated, not fetched anew", "[wire][cache]") {
  Origin origin = tagged_origin();
  SluiceProcess sluice(caching(origin.backend()));
  get(sluice, "/e");
  CHECK(post_to_admin(sluice, "/cache/purge?tag=s&soft").status == 200);
  CHECK(get(sluice, "/e").body == "body");
  REQUIRE(origin.count("/e") == 2);
  CHECK(origin.requests("/e")[1].field("If-None-Match") == "\"1\"");
  // The same by the command.
  CHECK(command(sluice, {"purge", "--soft", "host", "a.example"}).out ==
        "{\"purged\": 1, \"fetches_outdated\": 0}\n");
  CHECK(get(sluice, "/e").body == "body");
  REQUIRE(origin.count("/e") == 3);
  CHECK(origin.requests("/e")[2].field("If-None-Match") == "\"1\"");
}

TEST_CASE("cache purge: where a token is asked for, nothing is purged without it",
          "[wire][cache]") {
  Origin origin = tagged_origin();
  const TempDir directory;
  const std::string token = directory.write("token", "secret\n");
  const std::string wrong = directory.write("wrong", "secreT\n");
  const std::string two = directory.write("two", "secret word\n");
  const std::string admin = "unix:" + directory.file("admin.sock");
  SluiceProcess sluice(
      caching(origin.backend(), {},
              R"("admin": {"address": ")" + admin + R"(", "token_file": ")" + token + R"("})"));
  get(sluice, "/a");
  const auto purge = [&admin](const std::vector<std::string>& more) {
    std::vector<std::string> all = {sluice_binary(), "cache", "purge", "all", "--admin", admin};
    all.insert(all.end(), more.begin(), more.end());
    return run_program(all);
  };
  CHECK(purge({"--token-file", two}).err == "sluice: cannot read a token from \"" + two +
                                                "\": a token is printable ASCII without spaces\n");
  for (const Finished& refused : {purge({}), purge({"--token-file", wrong})}) {
    CHECK(refused.status.code == 1);
    CHECK(refused.err == "a token is needed\n");
  }
  get(sluice, "/a");
  CHECK(origin.count("/a") == 1);
  CHECK(purge({"--token-file", token}).out == "{\"purged\": 1, \"fetches_outdated\": 0}\n");
  get(sluice, "/a");
  CHECK(origin.count("/a") == 2);
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
    if (purges) CHECK(post_to_admin(sluice, "/cache/purge?all").status == 200);
    gate.open();
    CHECK(read_response(client).body == "before");
    CHECK(get(sluice, "/a").body == (purges ? "after" : "before"));
    CHECK(post_to_admin(sluice, "/cache/purge?all").status == 200);
  }
}

TEST_CASE("cache purge: a URL takes out what its route keeps of it, whatever else is in the key",
          "[wire][cache]") {
  Origin origin({{"/a?id=1&utm=2", {{200, {{"Cache-Control", "max-age=1000"}}, "a"}}}});
  SluiceProcess sluice(
      caching(origin.backend(), R"("key": {"query": ["id"], "headers": ["X-Kind"]})"));
  get(sluice, "/a?id=1&utm=2", "X-Kind: 1\r\n");
  get(sluice, "/a?id=1&utm=2", "X-Kind: 2\r\n");
  CHECK(post_to_admin(sluice, "/cache/purge?url=a.example./a%3Fid=1%26utm=3").body ==
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
  CHECK(run_program({sluice_binary(), "cache", "stats", "--admin", "x"}).status.code == 2);
}
