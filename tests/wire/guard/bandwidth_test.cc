// SPDX-License-Identifier: MIT
// How fast a client is sent what it asks for. The least time that it takes can be told of any
// machine, but for TCP's first burst, half a megabyte on loopback; that something takes less, only
// of what would else take a second.
#include <catch2/catch.hpp>

#include <chrono>
#include <string>

#include "tests/wire/site.h"

using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::SluiceProcess;
using sluice::wire::ask;
using sluice::wire::pattern;
using sluice::wire::Site;

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kBigBytes = 3'000'000;  // of /big.bin

Seconds time_of(RawClient& client, const std::string& target) {
  const Clock::time_point begin = Clock::now();
  const auto response = ask(client, target);
  const Clock::time_point end = Clock::now();
  CHECK((response.body == pattern(kBigBytes)));
  return end - begin;
}

// "/" as `limits` says, "/own/" as `route` says.
std::string bandwidth_config(const Site& site, const std::string& limits,
                             const std::string& route) {
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
  SluiceProcess sluice(bandwidth_config(site, R"("bandwidth": "5MB")", ""));
  RawClient client = sluice.connect();
  CHECK(time_of(client, "/big.bin") > Seconds(0.25));
  CHECK(time_of(client, "/own/big.bin") > Seconds(0.25));
}

TEST_CASE("bandwidth: a route's own goes before that of all, and ends with it", "[wire][guard]") {
  const Site site;
  SluiceProcess sluice(bandwidth_config(site, R"("bandwidth": "1GB")", R"("bandwidth": "2MB")"));
  RawClient client = sluice.connect();
  const Seconds before = time_of(client, "/big.bin");
  const Seconds own = time_of(client, "/own/big.bin");
  const Seconds after = time_of(client, "/big.bin");
  CAPTURE(before.count(), own.count(), after.count());
  CHECK(own > Seconds(0.8));
  CHECK(before < own);
  CHECK(after < own);
}

// The rate is the connection's, and one answer may lie in the socket when the next request comes.
TEST_CASE("bandwidth: what follows in the same connection does not hasten what is on its way",
          "[wire][guard]") {
  const Site site;
  SluiceProcess sluice(bandwidth_config(site, "", R"("bandwidth": "2MB")"));
  RawClient client = sluice.connect();
  const Clock::time_point begin = Clock::now();
  client.send(
      "GET /own/big.bin HTTP/1.1\r\nHost: a\r\n\r\nGET /digits.txt HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(client).body.size() == kBigBytes);
  CHECK(read_response(client).body == "0123456789");
  CHECK(Seconds(Clock::now() - begin) > Seconds(0.8));
}
