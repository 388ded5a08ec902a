// SPDX-License-Identifier: MIT
// How fast a client is sent what it asks for. Only the least time that it takes can be told of a
// busy machine; TCP's first burst, half a megabyte on loopback, counts for nothing.
#include <catch2/catch.hpp>

#include <chrono>
#include <string>

#include "tests/wire/site.h"

using sluice::support::RawClient;
using sluice::support::SluiceProcess;
using sluice::wire::ask;
using sluice::wire::pattern;
using sluice::wire::Site;

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kBytes = 3'000'000;  // of /big.bin

Seconds time_of(RawClient& client, const std::string& target) {
  const Clock::time_point begin = Clock::now();
  CHECK((ask(client, target).body == pattern(kBytes)));
  return Clock::now() - begin;
}

// "/" as `limits` says, "/fast/" as `route` says.
std::string config(const Site& site, const std::string& limits, const std::string& route) {
  const std::string files =
      R"("files": {"root": ")" + (site.directory.path() / "www").string() + R"("})";
  return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "access_log": {"format": "off"}, "limits": {)" +
         limits + R"(}, "routes": [{)" + files +
         R"(}, {"match": {"path": "/own/*"}, "strip_prefix": "/own", )" + files +
         R"(, "limits": {)" + route + "}}]}";
}

}  // namespace

TEST_CASE("bandwidth: a connection is sent no more in a second", "[wire][guard]") {
  const Site site;
  SluiceProcess sluice(config(site, R"("bandwidth": "5MB")", ""));
  RawClient client = sluice.connect();
  CHECK(time_of(client, "/big.bin") > Seconds(0.25));
  CHECK(time_of(client, "/own/big.bin") > Seconds(0.25));
}

TEST_CASE("bandwidth: a route's own goes before that of all, and ends with it", "[wire][guard]") {
  const Site site;
  SluiceProcess sluice(config(site, R"("bandwidth": "1GB")", R"("bandwidth": "5MB")"));
  RawClient client = sluice.connect();
  const Seconds before = time_of(client, "/big.bin");
  const Seconds own = time_of(client, "/own/big.bin");
  const Seconds after = time_of(client, "/big.bin");
  CAPTURE(before.count(), own.count(), after.count());
  CHECK(own > Seconds(0.25));
  CHECK(before < own);
  CHECK(after < own);
}
