// SPDX-License-Identifier: MIT
#include "proxy/route/table.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <set>

namespace sluice::route {
namespace {

using Strings = std::vector<std::string>;

// A Table and the Routes it leads to, which bear their rule's name.
class Rules {
 public:
  std::optional<std::string> add(const std::string& name, const Strings& hosts,
                                 const Strings& paths) {
    Route& route = routes_.emplace_back();
    route.name = name;
    return builder_.add(hosts, paths, &route);
  }
  Table build() { return builder_.build(); }

 private:
  std::deque<Route> routes_;
  Table::Builder builder_;
};

std::string found(const Table& table, std::string_view host, std::string_view path) {
  const Match match = table.find(host, path);
  return match ? match.route->name : "-";
}

TEST_CASE("table: one without rules matches nothing", "[route][table]") {
  CHECK_FALSE(Table().find("a.example", "/"));
  CHECK_FALSE(Table::Builder().build().find("", ""));
}

TEST_CASE("table: the most specific host wins, then the longest path", "[route][table]") {
  Rules rules;
  REQUIRE_FALSE(rules.add("rest", {}, {}));
  REQUIRE_FALSE(rules.add("any-health", {}, {"/health"}));
  REQUIRE_FALSE(rules.add("example", {"*.example"}, {"/*"}));
  REQUIRE_FALSE(rules.add("deep", {"*.b.example"}, {"/*"}));
  REQUIRE_FALSE(rules.add("shop-api", {"shop.example"}, {"/api/*"}));
  REQUIRE_FALSE(rules.add("shop-api-exact", {"shop.example"}, {"/api"}));
  REQUIRE_FALSE(rules.add("shop-v1", {"shop.example"}, {"/api/v1/*"}));
  REQUIRE_FALSE(rules.add("shop-v10", {"shop.example"}, {"/api/v10/*", "/api/v1/new"}));
  REQUIRE_FALSE(rules.add("shop-root", {"shop.example"}, {"/"}));
  REQUIRE_FALSE(rules.add("apex", {"example", "www.example"}, {}));
  REQUIRE_FALSE(rules.add("v6", {"[::1]"}, {}));
  REQUIRE_FALSE(rules.add("v6-long", {"[2001:DB8:0:0:0:0:0:1]"}, {}));
  const Table table = rules.build();

  struct Row {
    std::string host;
    std::string path;
    const char* route;
    std::size_t prefix_length;
  };
  const Row rows[] = {
      // paths within one host
      {"shop.example", "/", "shop-root", 1},
      {"shop.example", "/api", "shop-api-exact", 4},
      {"shop.example", "/api/", "shop-api", 4},
      {"shop.example", "/api/users", "shop-api", 4},
      {"shop.example", "/api/v1", "shop-v1", 7},
      {"shop.example", "/api/v1/", "shop-v1", 7},
      {"shop.example", "/api/v1/new", "shop-v10", 11},
      {"shop.example", "/api/v1/new/", "shop-v1", 7},
      {"shop.example", "/api/v1/ne", "shop-v1", 7},
      {"shop.example", "/api/v10", "shop-v10", 8},
      {"shop.example", "/api/v100", "shop-api", 4},
      {"shop.example", "/api/v", "shop-api", 4},
      {"shop.example", "/api//v1", "shop-api", 4},
      // a path that no rule of the host has falls through to the next host
      {"shop.example", "/apix", "example", 0},
      {"shop.example", "/API", "example", 0},
      {"shop.example", "/health", "example", 0},
      {"shop.example", "", "example", 0},
      // hosts
      {"x.example", "/", "example", 0},
      {"x.y.example", "/", "example", 0},
      {"b.example", "/", "example", 0},
      {"a.b.example", "/", "deep", 0},
      {"a.a.b.example", "/", "deep", 0},
      {"ab.example", "/", "example", 0},
      {"example", "/", "apex", 0},
      {"www.example", "/health", "apex", 0},
      {"xexample", "/", "rest", 0},
      {"example.com", "/", "rest", 0},
      {"example.com", "/health", "any-health", 7},
      {"example.com", "/health/", "rest", 0},
      {"[::1]", "/", "v6", 0},
      {"[0:0:0:0:0:0:0:1]", "/", "v6", 0},
      {"[2001:db8::1]", "/", "v6-long", 0},
      {"[2001:db8::0001]", "/", "v6-long", 0},
      {"[::2]", "/", "rest", 0},
      {"::1", "/", "rest", 0},
      // odd hosts
      {"SHOP.Example", "/api", "shop-api-exact", 4},
      {"shop.example.", "/api", "shop-api-exact", 4},
      {"X.EXAMPLE.", "/", "example", 0},
      {"shop.example..", "/api", "rest", 0},
      {"", "/", "rest", 0},
      {".", "/", "rest", 0},
      {"..", "/", "rest", 0},
      {".example", "/", "rest", 0},
      {".b.example", "/", "rest", 0},
      {"*.example", "/", "example", 0},
      {"*", "/", "rest", 0},
      {std::string("shop\0.example", 13), "/", "example", 0},
      {std::string("shop.example\0", 13), "/", "rest", 0},
      {"[sho", "/", "rest", 0},
      {std::string(300, 'a') + ".example", "/", "rest", 0},
      {std::string(247, 'a') + ".example", "/", "example", 0},
      {std::string(300, '.'), "/", "rest", 0},
      {std::string(255, '.'), "/", "rest", 0},
      {"a" + std::string(254, '.'), "/", "rest", 0},
      // not a path
      {"x.example", "*", "example", 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.host, row.path);
    CHECK(found(table, row.host, row.path) == row.route);
    CHECK(table.find(row.host, row.path).prefix_length == row.prefix_length);
  }
}

TEST_CASE("table: without a rule for the rest, the rest matches nothing", "[route][table]") {
  Rules rules;
  REQUIRE_FALSE(rules.add("one", {"a.example"}, {"/one"}));
  const Table table = rules.build();
  CHECK(found(table, "a.example", "/one") == "one");
  CHECK(found(table, "a.example", "/on") == "-");
  CHECK(found(table, "a.example", "/one/") == "-");
  CHECK(found(table, "a.example", "") == "-");
  CHECK(found(table, "b.example", "/one") == "-");
  CHECK(found(table, "", "/one") == "-");
}

TEST_CASE("table: the order of the rules changes nothing", "[route][table]") {
  std::vector<std::pair<std::string, std::string>> all;
  for (const char* host : {"*", "*.example", "a.example", "*.a.example"}) {
    for (const char* path : {"/*", "/", "/a", "/a/*", "/a/b/*", "/ab"})
      all.emplace_back(host, path);
  }
  std::mt19937 random(7);
  std::set<std::string> outcomes;
  for (int round = 0; round < 20; ++round) {
    std::shuffle(all.begin(), all.end(), random);
    Rules rules;
    for (const auto& [host, path] : all) REQUIRE_FALSE(rules.add(host + path, {host}, {path}));
    const Table table = rules.build();
    std::string outcome;
    for (const char* host : {"example", "a.example", "x.a.example", "b.example"}) {
      for (const char* path : {"/", "/a", "/a/", "/a/b", "/ab", "/abc", "/a/bc"}) {
        outcome += found(table, host, path) + "\n";
      }
    }
    outcomes.insert(outcome);
  }
  CHECK(outcomes.size() == 1);
}

TEST_CASE("table: what cannot be taken is refused whole, with a reason", "[route][table]") {
  Rules rules;
  REQUIRE_FALSE(rules.add("first", {"a.example", "*.b.example"}, {"/x/*", "/y"}));
  REQUIRE_FALSE(rules.add("rest", {}, {}));
  struct Row {
    Strings hosts;
    Strings paths;
    const char* why;
  };
  const Row rows[] = {
      {{"c.example", "A.example."}, {"/new", "/x/*"}, "\"a.example\" with path \"/x/*\""},
      {{"*.B.example"}, {"/y"}, "already leads to \"first\""},
      {{"*"}, {"/*"}, "already leads to \"rest\""},
      {{}, {"*"}, "already leads to \"rest\""},
      {{"c.example", "C.example"}, {"/x"}, "\"c.example\" stands here twice"},
      {{"c.example"}, {"/*", "*"}, "\"/*\" stands here twice"},
      {{"c.example", "c..example"}, {}, "empty label"},
      {{"c.example"}, {"/x", "y"}, "starts with"},
  };
  for (const Row& row : rows) {
    const auto refusal = rules.add("second", row.hosts, row.paths);
    REQUIRE(refusal);
    CHECK_THAT(*refusal, Catch::Contains(row.why));
  }
  const Table table = rules.build();
  CHECK(found(table, "a.example", "/new") == "rest");
  CHECK(found(table, "c.example", "/x") == "rest");
  CHECK(found(table, "a.example", "/x") == "first");
  CHECK(found(table, "q.b.example", "/y") == "first");
}

TEST_CASE("table: an exact path and a prefix of the same name are two rules", "[route][table]") {
  Rules rules;
  REQUIRE_FALSE(rules.add("prefix", {}, {"/a/*"}));
  REQUIRE_FALSE(rules.add("exact", {}, {"/a"}));
  REQUIRE_FALSE(rules.add("slash", {}, {"/a/"}));
  const Table table = rules.build();
  CHECK(found(table, "", "/a") == "exact");
  CHECK(found(table, "", "/a/") == "slash");
  CHECK(found(table, "", "/a/b") == "prefix");
}

TEST_CASE("table: a built Builder starts over", "[route][table]") {
  Rules rules;
  REQUIRE_FALSE(rules.add("first", {"a.example"}, {"/x"}));
  const Table first = rules.build();
  REQUIRE_FALSE(rules.add("second", {"a.example"}, {"/x"}));
  const Table second = rules.build();
  CHECK(found(first, "a.example", "/x") == "first");
  CHECK(found(second, "a.example", "/x") == "second");
}

// The rules as the manual tells them: every rule is looked at, the best kept.
class NaiveMatcher {
 public:
  void add(const std::string& host, const std::string& path) { rules_.emplace_back(host, path); }

  std::string find(std::string host, const std::string& path) const {
    std::transform(host.begin(), host.end(), host.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!host.empty() && host.back() == '.') host.pop_back();
    std::pair<int, int> best(-1, -1);
    std::string name = "-";
    for (const auto& [rule_host, rule_path] : rules_) {
      const std::pair<int, int> rank(host_rank(rule_host, host), path_rank(rule_path, path));
      if (rank.first < 0 || rank.second < 0 || rank <= best) continue;
      best = rank;
      name = rule_host + rule_path;
    }
    return name;
  }

 private:
  static int host_rank(const std::string& rule, const std::string& host) {
    if (rule == "*") return 0;
    if (rule == host) return 1000;
    if (rule[0] != '*' || host.empty() || host[0] == '.') return -1;
    const std::string suffix = rule.substr(1);
    const bool below = host.size() > suffix.size() &&
                       host.compare(host.size() - suffix.size(), suffix.size(), suffix) == 0;
    return below ? static_cast<int>(suffix.size()) : -1;
  }
  static int path_rank(const std::string& rule, const std::string& path) {
    if (rule == "/*") return 0;
    if (rule == path) return 2 * static_cast<int>(rule.size()) + 1;
    if (rule.size() < 2 || rule.compare(rule.size() - 2, 2, "/*") != 0) return -1;
    const std::string prefix = rule.substr(0, rule.size() - 2);
    const bool below = path == prefix || path.compare(0, prefix.size() + 1, prefix + "/") == 0;
    return below ? 2 * static_cast<int>(prefix.size()) : -1;
  }

  std::vector<std::pair<std::string, std::string>> rules_;
};

TEST_CASE("table: random rules and requests agree with looking at every rule", "[route][table]") {
  std::mt19937 random(42);
  const auto pick = [&random](const Strings& from) { return from[random() % from.size()]; };
  const auto repeat = [&random, &pick](const Strings& from, std::size_t most) {
    std::string text;
    for (std::size_t n = random() % (most + 1); n > 0; --n) text += pick(from);
    return text;
  };
  const Strings labels{"a", "b", "ab", "aa", "x-1"};
  const Strings pieces{"/", "/a", "/ab", "/b", "a", "b/", "//", "/abc"};

  std::size_t hits = 0;
  for (int round = 0; round < 200; ++round) {
    Rules rules;
    NaiveMatcher naive;
    std::set<std::string> used;
    for (std::size_t n = 1 + random() % 40; n > 0; --n) {
      std::string host = pick({"*", "*.", "", ""});
      if (host != "*") {
        host += pick(labels);
        for (std::size_t more = random() % 3; more > 0; --more) host += "." + pick(labels);
      }
      const std::string path = "/" + repeat(pieces, 3) + pick({"", "/*"});
      if (!used.insert(host + path).second) continue;
      REQUIRE_FALSE(rules.add(host + path, {host}, {path}));
      naive.add(host, path);
    }
    const Table table = rules.build();
    for (int request = 0; request < 300; ++request) {
      const std::string host =
          repeat({"a", "b", "A", "ab", ".", "a.", "b.", "Ab.", "x-1."}, 5) + pick({"", "a", "."});
      const std::string path = (random() % 20 == 0 ? "" : "/") + repeat(pieces, 5);
      const std::string expected = naive.find(host, path);
      if (expected != "-") ++hits;
      CAPTURE(host, path);
      REQUIRE(found(table, host, path) == expected);
    }
  }
  CHECK(hits > 10000);  // the comparison is about something
}

}  // namespace
}  // namespace sluice::route
