// SPDX-License-Identifier: MIT
#include "conf/check_guard.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/temp_dir.h"
#include "tests/unit/conf/rows.h"

namespace sluice::conf {
namespace {

using rows::check_rows;
using rows::kListener;
using rows::kPool;
using rows::kRoute;

const std::string kAll = kListener + "," + kPool + "," + kRoute + ",";

std::string limited(const std::string& members) {
  return kAll + R"("limits":{"per_ip":{)" + members + "}}";
}

TEST_CASE("check: what limits a client", "[conf][check]") {
  const std::string hint = R"(for example "rate": "100/s")";
  check_rows({
      {limited(R"("burst":@5)"), "limits.per_ip.burst", R"("burst" does nothing without a "rate")",
       hint},
      {limited(R"("rate":"off","delay":@5)"), "limits.per_ip.delay",
       R"("delay" does nothing without a "rate")", hint},
      {limited(R"("shadow":@true)"), "limits.per_ip.shadow",
       R"("shadow" does nothing without a "rate")", hint},
      {limited(R"("fields":@true)"), "limits.per_ip.fields", R"(there is no "rate" to tell of)",
       ""},
      {limited(R"("ipv6_wide_prefix":@64)"), "limits.per_ip.ipv6_wide_prefix",
       R"("ipv6_wide_prefix", 64, is not wider than "ipv6_prefix", 64)",
       R"("ipv6_wide_prefix": fewer bits, or 0 for none)"},
      {kListener + R"(,"routes":[{"respond":{},"limits":{"per_ip":{"burst":@5}}}])",
       "routes[0].limits.per_ip.burst", R"("burst" does nothing without a "rate")", hint},
  });
}

TEST_CASE("check: nobody is sent less than he has to take", "[conf][check]") {
  check_rows({
      {kAll + R"("limits":{"send_rate":"10KiB","bandwidth":@"16KiB"})", "limits.bandwidth",
       R"(16KiB is less than twice "limits.send_rate", 10KiB: clients would be cut off)", ""},
      {kListener + R"(,"limits":{"send_rate":"1MiB"},)"
                   R"("routes":[{"respond":{},"limits":{"bandwidth":@"1MiB"}}])",
       "routes[0].limits.bandwidth",
       R"(1MiB is less than twice "limits.send_rate", 1MiB: clients would be cut off)", ""},
  });
}

TEST_CASE("check: who is sent twice what he has to take is sent enough", "[conf][check]") {
  for (const std::string_view limits : {R"({"send_rate":"8KiB","bandwidth":"16KiB"})",
                                        R"({"send_rate":"off","bandwidth":"16KiB"})"}) {
    CHECK(rows::loads(kAll + R"("limits":)" + std::string(limits)));
  }
}

TEST_CASE("check: what depends on a value that cannot be read is not complained of, too",
          "[conf][check]") {
  const std::string number = R"(a number and a unit in one string: "10/s", "600/m", "5000/h")";
  check_rows({
      {limited(R"("rate":@"fast","burst":5,"delay":1,"shadow":true,"fields":true)"),
       "limits.per_ip.rate", R"("rate": "fast" does not begin with a number)", number},
      {limited(R"("ipv6_prefix":@"x","ipv6_wide_prefix":64)"), "limits.per_ip.ipv6_prefix",
       R"("ipv6_prefix" must be a whole number from 16 to 128, not a string)", ""},
      {kAll + R"("jail":{"time":@"soon","max_time":"1s"})", "jail.time",
       R"("time": "soon" does not begin with a number)",
       R"(a number and a unit in one string: "250ms", "30s", "5m", "1h")"},
  });
}

TEST_CASE("check: who is let in", "[conf][check]") {
  check_rows({
      {kAll + R"("access":{"deny":["all",@"some"]})", "access.deny[1]",
       R"("some" is no IP address and no CIDR block)",
       R"(for example "10.0.0.0/8" or "2001:db8::/32")"},
      {kAll + R"("access":{"allow":@"file:"})", "access.allow", "names no file",
       R"(for example "file:/etc/sluice/deny.txt")"},
      {kListener + R"(,"routes":[{"respond":{},"access":{"deny":@"1.2.3.4/33"}}])",
       "routes[0].access.deny", R"("33" is no prefix length)", "numbers from 0 to 32"},
  });
}

TEST_CASE("check: a file of an access list has to be there", "[conf][check]") {
  const support::TempDir directory;
  LoadOptions options;
  options.directory = directory.path();
  const LoadOutcome outcome =
      load_text("t.json", "{" + kAll + R"("access":{"deny":["file:none"]}})", options);
  REQUIRE(outcome.errors.size() == 1);
  CHECK(outcome.errors[0].path == "access.deny[0]");
  CHECK(outcome.errors[0].message ==
        "cannot read \"" + directory.path().string() + "/none\": No such file or directory");
}

TEST_CASE("check: the jail", "[conf][check]") {
  check_rows({
      {kAll + R"("jail":{"time":"2h","max_time":@"1h"})", "jail.max_time",
       R"(1h is less than "time", 2h)", ""},
      {kAll + R"("limits":{"per_ip":{"ipv6_wide_prefix":0}},"jail":{"wide_limited":@"9/m"})",
       "jail.wide_limited", R"(no limit is shared: "limits.per_ip.ipv6_wide_prefix" is 0)", ""},
      {kAll + R"("jail":{"file":@"/no/such/jail"})", "jail.file",
       R"(there is no directory "/no/such")", ""},
      {kAll + R"("jail":{"file":@"/tmp"})", "jail.file", R"("/tmp" is a directory)", ""},
  });
}

}  // namespace
}  // namespace sluice::conf
