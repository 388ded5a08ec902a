// SPDX-License-Identifier: MIT
#include "cache/cache_control.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "cache/directives.h"

namespace sluice::cache {
namespace {

ResponseControl response(std::initializer_list<std::string_view> fields) {
  ResponseControl control;
  for (const std::string_view field : fields) control.read(field);
  return control;
}

RequestControl request(std::initializer_list<std::string_view> fields) {
  RequestControl control;
  for (const std::string_view field : fields) control.read(field);
  return control;
}

// "name=argument|" for each; "!" where it is not well formed.
std::string directives(std::string_view field) {
  std::string out;
  DirectiveReader reader(field);
  for (Directive directive; reader.next(directive);) {
    out.append(directive.name);
    if (directive.has_argument) out.append("=").append(directive.argument);
    out += directive.well_formed ? "|" : "!|";
  }
  return out;
}

}  // namespace

TEST_CASE("directives: names and arguments, in both forms", "[cache][directives]") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", ""},
      {" , ,\t,", ""},
      {"no-store", "no-store|"},
      {"a, b=1 ,c=\"x, y\",d", "a|b=1|c=x, y|d|"},
      {"a=\"\\\"q\\\\\",b", "a=\\\"q\\\\|b|"},
      {"a=,b", "a=|b|"},
      {"=1,a", "=1!|a|"},
      {"a =1,b= 1", "a=1!|b=1!|"},
      {"a=\"open,b", "a=open,b!|"},
      {"a=\"x\"y,b", "a=x!|b|"},
      {"a=\"", "a=!|"},
      {"a=\"\"", "a=|"},
      {"a=1=2", "a=1=2|"},
      {"a=YQ==,b", "a=YQ==|b|"},
      {"a b", "a b!|"},
      {"a;b,c:,\"d\"", "a;b!|c:!|\"d\"!|"},
      {"a=1;b,c=x y", "a=1;b!|c=x y!|"},
  };
  for (const auto& [field, expected] : rows) {
    CAPTURE(field);
    CHECK(directives(field) == expected);
  }
}

TEST_CASE("cache-control: ages are whole numbers, and saturate", "[cache][cache_control]") {
  CHECK(parse_delta_seconds("0") == Seconds(0));
  CHECK(parse_delta_seconds("0060") == Seconds(60));
  CHECK(parse_delta_seconds("2147483648") == kLongestAge);
  CHECK(parse_delta_seconds("99999999999999999999999999") == kLongestAge);
  for (const char* text : {"", "-1", "+1", "1.5", "1 ", "a1", "1a", "0x1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_delta_seconds(text));
  }
}

TEST_CASE("cache-control: a response's directives", "[cache][cache_control]") {
  const ResponseControl all = response({"No-Store, NO-CACHE, private, Public, must-revalidate",
                                        "proxy-revalidate,must-understand",
                                        "no-transform, immutable, max-age=1, s-maxage=2",
                                        "stale-while-revalidate=3,stale-if-error=4, unknown=5"});
  CHECK((all.no_store && all.no_cache && all.is_private && all.is_public && all.must_revalidate));
  CHECK((all.proxy_revalidate && all.must_understand && all.no_transform && all.immutable));
  CHECK(all.max_age == Seconds(1));
  CHECK(all.s_maxage == Seconds(2));
  CHECK(all.stale_while_revalidate == Seconds(3));
  CHECK(all.stale_if_error == Seconds(4));

  const ResponseControl none = response({"max-agea=1, xprivate, no-storeX, \"no-store\""});
  CHECK_FALSE((none.no_store || none.no_cache || none.is_private || none.max_age.has_value()));
}

TEST_CASE("cache-control: an age that cannot be read lets nothing be fresh",
          "[cache][cache_control]") {
  for (const char* field :
       {"max-age", "max-age=", "max-age=a", "max-age=1a", "max-age=-1", "max-age=1.0", "max-age =1",
        "max-age= 1", "max-age=\"1", "max-age='1'", "max-age=\"1\"x"}) {
    CAPTURE(field);
    CHECK(response({field}).max_age == Seconds(0));
    CHECK(request({field}).max_age == Seconds(0));
  }
  CHECK(response({"max-age=\"60\""}).max_age == Seconds(60));
  // What would allow something is not allowed by what cannot be read.
  CHECK_FALSE(response({"stale-if-error=x"}).stale_if_error);
  CHECK_FALSE(response({"stale-while-revalidate"}).stale_while_revalidate);
}

TEST_CASE("cache-control: of a number that stands twice the less permissive one counts",
          "[cache][cache_control]") {
  CHECK(response({"max-age=60, max-age=0"}).max_age == Seconds(0));
  CHECK(response({"max-age=0", "max-age=60"}).max_age == Seconds(0));
  CHECK(response({"s-maxage=60", "s-maxage=x"}).s_maxage == Seconds(0));
  CHECK(response({"stale-if-error=9, stale-if-error=3"}).stale_if_error == Seconds(3));
  CHECK(request({"max-age=60, max-age=5"}).max_age == Seconds(5));
  CHECK(request({"max-stale, max-stale=3"}).max_stale == Seconds(3));
  CHECK(request({"max-stale=3, max-stale"}).max_stale == Seconds(3));
  CHECK(request({"min-fresh=9, min-fresh=3"}).min_fresh == Seconds(9));
}

TEST_CASE("cache-control: directives may name the fields they are about",
          "[cache][cache_control]") {
  const ResponseControl some = response({"no-cache=\"Set-Cookie, X-A\", private=\"X-B\""});
  CHECK_FALSE(some.no_cache);
  CHECK_FALSE(some.is_private);
  CHECK(some.no_cache_fields == "Set-Cookie, X-A");
  CHECK(some.private_fields == "X-B");
  // In doubt they are about all of it.
  CHECK(response({"no-cache=\"A\", no-cache"}).no_cache);
  CHECK(response({"no-cache=\"A\"", "no-cache=\"B\""}).no_cache);
  CHECK(response({"private=\"\""}).is_private);
  CHECK(response({"private=X-B"}).is_private);
  CHECK(response({"no-cache=1"}).no_cache);
  CHECK(response({"private=\"A"}).is_private);
  CHECK(response({"private=\"Set\\-Cookie\""}).is_private);
  for (const char* list : {" ", ",", " , ,", "X-A X-B", "X-A; X-B", "X-A, X B", "X-A=1", "(X-A)"}) {
    CAPTURE(list);
    CHECK(response({std::string("private=\"") + list + "\""}).is_private);
    CHECK(response({std::string("no-cache=\"") + list + "\""}).no_cache);
  }
  CHECK(response({"private=\" ,X-A,, \""}).private_fields == " ,X-A,, ");
}

TEST_CASE("cache-control: a request's directives", "[cache][cache_control]") {
  const RequestControl all = request({"no-cache, no-store, no-transform, only-if-cached",
                                      "max-age=1, min-fresh=2, max-stale=3", "stale-if-error=4"});
  CHECK((all.no_cache && all.no_store && all.no_transform && all.only_if_cached));
  CHECK(all.max_age == Seconds(1));
  CHECK(all.min_fresh == Seconds(2));
  CHECK(all.max_stale == Seconds(3));
  CHECK(all.stale_if_error == Seconds(4));
  CHECK(request({"max-stale"}).max_stale == kLongestAge);
  CHECK_FALSE(request({"max-stale=x"}).max_stale);
  CHECK_FALSE(request({"min-fresh=x"}).min_fresh);
}

}  // namespace sluice::cache
