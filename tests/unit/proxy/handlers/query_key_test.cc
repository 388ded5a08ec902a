// SPDX-License-Identifier: MIT
// What a key has of a query ("key": {"query": [...]}).
#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

#include "proxy/handlers/query_key.h"

namespace sluice::handlers {
namespace {

CacheRules rules_for(std::string name) {
  CacheRules rules;
  rules.whole_query = false;
  rules.query = {std::move(name)};
  return rules;
}

TEST_CASE("cache key: what a backend may read as a name is that name", "[handlers][cache]") {
  for (const char* name : {"user_id", "user.id", "User%5Fid"}) {
    const CacheRules rules = rules_for(name);
    for (const char* argument :
         {"user_id",    "USER_id",    "u%73er_id",   "user_id[]", "user_id%5B1%5d",
          "user.id",    "user%2Eid",  "user+id",     "user%20id", "user[id",
          "user%5bid",  "user[id]",   "%20user_id",  "+user_id",  "+%20+user_id",
          "%09user_id", "user_id%00", "user_id%00x", "[user_id]", "user_id]"}) {
      CAPTURE(name, argument);
      const std::string query = std::string("?") + argument + "=42";
      CHECK(query_in_key(rules, "?a=1&" + query.substr(1) + "&b=2") == query);
      CHECK(query_in_key(rules, "?a=1;" + query.substr(1)) == "?a=1;" + query.substr(1));
    }
  }
}

TEST_CASE("cache key: other names are ignored", "[handlers][cache]") {
  const CacheRules rules = rules_for("user_id");
  for (const char* argument : {"userid", "user_i", "user_idx", "xuser_id", "user-id", "user%5", "",
                               "user_id%2", "%00user_id", "user%00_id", "+", "[", "user__id"}) {
    CAPTURE(argument);
    CHECK(query_in_key(rules, std::string("?") + argument + "=42").empty());
  }
  CHECK(query_in_key(rules, "").empty());
}

TEST_CASE("cache key: a name may hold what separates arguments elsewhere", "[handlers][cache]") {
  const CacheRules rules = rules_for("a;b");
  CHECK(query_in_key(rules, "?a;b=1&c") == "?a;b=1");
  CHECK(query_in_key(rules, "?A%3bb=1") == "?A%3bb=1");
  CHECK(query_in_key(rules, "?a=1&b=2").empty());
}

// PHP and qs: "filter", "filter[%09]" and "filter[x]z" after it may all give filter[x] another
// value.
TEST_CASE("cache key: of an element's array all counts", "[handlers][cache]") {
  for (const char* name : {"filter[x]", "filter[x][y]", "filter[0]", "filter[]"}) {
    const CacheRules rules = rules_for(name);
    for (const char* argument :
         {"filter[x]", "filter", "FILTER", "filter%00", "filter[]", "filter%5b%5D", "filter[ ]",
          "filter[%09]", "filter[%0a]", "filter[x]z", "filter[x]%20", "+filter", "filter[x][y]",
          "filter[y]", "filter[x"}) {
      CAPTURE(name, argument);
      const std::string query = std::string("?filter[x]=2&") + argument + "=9";
      CHECK(query_in_key(rules, query) == query);
    }
    for (const char* argument : {"filters", "filte", "filter_", "xfilter[x]"}) {
      CAPTURE(argument);
      CHECK(query_in_key(rules, std::string("?") + argument + "=9").empty());
    }
  }
}

}  // namespace
}  // namespace sluice::handlers
