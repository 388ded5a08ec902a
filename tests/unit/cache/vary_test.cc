// SPDX-License-Identifier: MIT
#include "cache/vary.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice::cache {
namespace {

using Lines = std::vector<std::string_view>;

std::string names(const Lines& lines) {
  const VaryNames read(lines);
  switch (read.kind()) {
    case VaryNames::Kind::None:
      return read.text().empty() ? "none" : "a text of none";
    case VaryNames::Kind::All:
      return "all";
    case VaryNames::Kind::TooLong:
      return "too long";
    case VaryNames::Kind::Names:
      break;
  }
  return std::string(read.text());
}

std::string value(std::string_view name, const Lines& lines) {
  char memory[256];
  const auto size = normalise_vary_value(name, lines, memory);
  return size ? std::string(memory, *size) : "too long";
}

struct ValueRow {
  const char* name;
  Lines lines;
  const char* expected;
};

void check_values(std::string_view field, const std::vector<ValueRow>& rows) {
  for (const ValueRow& row : rows) {
    INFO(row.name);
    const std::string written = value(field, row.lines);
    CHECK(written == row.expected);
    CHECK(value(field, {written}) == written);
    char scratch[256];
    CHECK(matches_vary_value(field, row.expected, row.lines, scratch));
    CHECK_FALSE(matches_vary_value(field, written + "x", row.lines, scratch));
    CHECK_FALSE(matches_vary_value(field, kVaryAbsent, row.lines, scratch));
    CHECK_FALSE(matches_vary_value(field, row.expected, {}, scratch));
  }
}

}  // namespace

TEST_CASE("vary: by what each request is told anew, no request selects", "[cache][vary]") {
  for (const char* told : {"Forwarded", "x-forwarded-for", "X-Real-IP", "X-Request-Id"}) {
    CHECK(names({"Accept", told}) == "all");
  }
  CHECK(names({"X-Forwarded-Proto, X-Real-I"}) == "x-forwarded-proto,x-real-i");
}

TEST_CASE("vary: names are lower case, sorted, and each once", "[cache][vary]") {
  const std::vector<ValueRow> rows = {
      {"RFC 9110 12.5.5: one name", {"Accept-Encoding"}, "accept-encoding"},
      {"RFC 9110 12.5.5: two names", {"b, a"}, "a,b"},
      {"RFC 9110 12.5.5: two lines", {"b", "a"}, "a,b"},
      {"RFC 9110 12.5.5: no blanks", {"c,b,a"}, "a,b,c"},
      {"RFC 9110 12.5.5: blanks and tabs", {" b \t,\t a "}, "a,b"},
      {"RFC 9110 12.5.5: a name twice", {"a, b, A, a"}, "a,b"},
      {"RFC 9110 12.5.5: a name on two lines", {"Foo", "foo"}, "foo"},
      {"RFC 9110 12.5.5: a name that begins another",
       {"accept-encoding, accept"},
       "accept,accept-encoding"},
      {"RFC 9110 5.6.1: empty members", {", a,, b ,"}, "a,b"},
      {"RFC 9110 5.6.1: nothing", {""}, "none"},
      {"RFC 9110 5.6.1: nothing but commas", {" , ,", ""}, "none"},
      {"RFC 9110 12.5.5: no field", {}, "none"},
      {"RFC 9111 4.1: *", {"*"}, "all"},
      {"RFC 9111 4.1: *, *", {"*, *"}, "all"},
      {"RFC 9111 4.1: * on two lines", {"*", "*"}, "all"},
      {"RFC 9111 4.1: * behind an empty member", {", *"}, "all"},
      {"RFC 9111 4.1: * behind an empty line", {"", "*"}, "all"},
      {"RFC 9111 4.1: * before a name", {"*, Foo"}, "all"},
      {"RFC 9111 4.1: * behind a name", {"Foo, *"}, "all"},
      {"RFC 9110 5.1: a name with a blank within", {"accept encoding"}, "all"},
      {"RFC 9110 5.1: a quoted name", {"\"a\""}, "all"},
      {"RFC 9110 5.1: a name with a colon", {"a:b"}, "all"},
      {"RFC 9110 5.1: a name above ASCII", {"\xc3\xa4"}, "all"},
      {"RFC 9110 5.1: all that a name may have", {"X!#$%&'+-.^_`|~09z"}, "x!#$%&'+-.^_`|~09z"},
      {"RFC 9110 5.1: an asterisk within a name", {"a*"}, "a*"},
      {"RFC 9111 4.1: sixteen names",
       {"p,o,n,m,l,k,j,i,h,g,f,e,d,c,b,a"},
       "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p"},
      {"RFC 9111 4.1: sixteen names, one twice",
       {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", "A"},
       "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p"},
      {"RFC 9111 4.1: seventeen names", {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", "q"}, "too long"},
  };
  for (const ValueRow& row : rows) {
    INFO(row.name);
    CHECK(names(row.lines) == row.expected);
  }
}

TEST_CASE("vary: the bytes of all names are bounded", "[cache][vary]") {
  const std::string fits(kVaryBytesMax - 1, 'a');
  CHECK(names({fits}) == fits);
  CHECK(names({fits + "a"}) == "too long");
  CHECK(names({fits, "b"}) == "too long");
  const std::string half(kVaryBytesMax / 2 - 1, 'a');
  CHECK(names({half + "," + std::string(kVaryBytesMax / 2 - 1, 'b')}).size() == kVaryBytesMax - 1);
}

TEST_CASE("vary: the reader gives the names in their order", "[cache][vary]") {
  VaryNameReader reader("accept,x-a");
  std::string_view name;
  REQUIRE(reader.next(name));
  CHECK(name == "accept");
  REQUIRE(reader.next(name));
  CHECK(name == "x-a");
  CHECK_FALSE(reader.next(name));
  CHECK_FALSE(VaryNameReader("").next(name));
}

TEST_CASE("vary: values are compared without what means nothing", "[cache][vary]") {
  check_values(
      "foo",
      {
          {"RFC 9111 4.1: as it is", {"1"}, "1"},
          {"RFC 9111 4.1: case counts", {"aB"}, "aB"},
          {"RFC 9111 4.1: empty", {""}, ""},
          {"RFC 9111 4.1: only blanks", {" \t"}, ""},
          {"RFC 9111 4.1: a blank behind the comma", {"1, 2"}, "1,2"},
          {"RFC 9111 4.1: no blank", {"1,2"}, "1,2"},
          {"RFC 9111 4.1: blanks on both sides", {"1 \t, \t2"}, "1,2"},
          {"RFC 9111 4.1: two lines", {"1", "2"}, "1,2"},
          {"RFC 9111 4.1: two lines, one a list", {"1, 2", "3"}, "1,2,3"},
          {"RFC 9111 4.1: order counts", {"2, 1"}, "2,1"},
          {"RFC 9111 4.1: blanks around the whole", {"  1  "}, "1"},
          {"RFC 9111 4.1: blanks within a member", {"a  b , c"}, "a  b,c"},
          {"RFC 9111 4.1: empty members are kept", {"a,, b,"}, "a,,b,"},
          {"RFC 9111 4.1: an empty line is kept", {"", "a"}, ",a"},
          {"RFC 9111 4.1: a quoted string is kept", {"\"a , b\" , c"}, "\"a , b\",c"},
          {"RFC 9111 4.1: blanks at its ends, too", {"\" a \" ,\" \""}, "\" a \",\" \""},
          {"RFC 9111 4.1: an escaped quote within", {"\"a\\\" , b\" , c"}, "\"a\\\" , b\",c"},
          {"RFC 9111 4.1: an escaped backslash", {"\"a\\\\\" , b"}, "\"a\\\\\",b"},
          {"RFC 9111 4.1: an open string keeps all", {"\"a , b "}, "\"a , b "},
          {"RFC 9111 4.1: a string across lines", {"\"a ", " b\" , c"}, "\"a , b\",c"},
      });
}

TEST_CASE("vary: Accept-Encoding is a set", "[cache][vary]") {
  check_values("accept-encoding",
               {
                   {"RFC 9110 12.5.3: one", {"gzip"}, "gzip"},
                   {"RFC 9110 12.5.3: sorted", {"gzip, br"}, "br,gzip"},
                   {"RFC 9110 12.5.3: the same, otherwise", {"br,gzip"}, "br,gzip"},
                   {"RFC 9110 12.5.3: on two lines", {"gzip", "br"}, "br,gzip"},
                   {"RFC 9110 12.5.3: lower case", {"GZip, BR"}, "br,gzip"},
                   {"RFC 9110 12.5.3: each once", {"gzip, br, GZIP"}, "br,gzip"},
                   {"RFC 9110 12.5.3: as browsers send it",
                    {"gzip, deflate, br, zstd"},
                    "br,deflate,gzip,zstd"},
                   {"RFC 9110 12.5.3: empty", {""}, ""},
                   {"RFC 9110 12.5.3: empty members", {", gzip,,"}, "gzip"},
                   {"RFC 9110 12.4.2: q=1", {"gzip;q=1"}, "gzip"},
                   {"RFC 9110 12.4.2: q=1.0", {"gzip;q=1.0, br"}, "br,gzip"},
                   {"RFC 9110 12.4.2: q=1.000, with blanks", {"gzip ; Q=1.000"}, "gzip"},
                   {"RFC 9110 12.4.2: q=1 is the same as none", {"gzip;q=1, gzip"}, "gzip"},
                   {"RFC 9110 12.4.2: q=0 is kept apart", {"gzip;q=0, br"}, "br,gzip;q=0"},
                   {"RFC 9110 12.4.2: q=0.000", {"gzip;q=0.000"}, "gzip;q=0"},
                   {"RFC 9110 12.4.2: another weight", {"gzip; q=0.50"}, "gzip;q=0.5"},
                   {"RFC 9110 12.4.2: a small weight", {"gzip;q=0.001"}, "gzip;q=0.001"},
                   {"RFC 9110 12.4.2: two weights of one coding",
                    {"gzip;q=1, gzip;q=0.5"},
                    "gzip,gzip;q=0.5"},
                   {"RFC 9110 12.4.2: no weight", {"gzip;q=x"}, "gzip;q=x"},
                   {"RFC 9110 12.4.2: above 1", {"gzip;q=1.5"}, "gzip;q=1.5"},
                   {"RFC 9110 12.4.2: above 1, with a zero", {"gzip;q=1.50"}, "gzip;q=1.50"},
                   {"RFC 9110 12.4.2: two weights, the other way round",
                    {"gzip;q=0.5, gzip"},
                    "gzip,gzip;q=0.5"},
                   {"RFC 9110 12.4.2: four decimals", {"gzip;q=0.5000"}, "gzip;q=0.5000"},
                   {"RFC 9110 12.5.3: another parameter", {"gzip;A=b;q=1"}, "gzip;a=b;q=1"},
                   {"RFC 9110 12.5.3: *", {"*, gzip;q=0"}, "*,gzip;q=0"},
                   {"RFC 9110 12.5.3: identity", {"identity;q=0, *;q=0"}, "*;q=0,identity;q=0"},
                   {"RFC 9110 12.5.3: no name", {";q=0.5"}, ";q=0.5"},
                   {"RFC 9110 12.5.3: nothing but the weight of nothing", {";q=1, a"}, "a"},
               });
}

TEST_CASE("vary: Accept-Language has no case", "[cache][vary]") {
  check_values("accept-language",
               {
                   {"RFC 9110 12.5.4: lower case", {"en-US"}, "en-us"},
                   {"RFC 9110 12.5.4: blanks", {"en-US, EN;q=0.5"}, "en-us,en;q=0.5"},
                   {"RFC 9110 12.5.4: order counts", {"de, en"}, "de,en"},
                   {"RFC 9110 12.5.4: two lines", {"de", "en"}, "de,en"},
               });
}

TEST_CASE("vary: more codings than can be sorted are taken as they came", "[cache][vary]") {
  std::string many = "Z";
  for (int i = 10; i < 42; ++i) many += ", c" + std::to_string(i);
  const std::string written = value("accept-encoding", {many});
  CHECK(written.starts_with("z,c10,c11"));
  CHECK(value("accept-encoding", {written}) == written);
  // One less, and they are a set.
  CHECK(value("accept-encoding", {many.substr(3)}).starts_with("c10,c11"));
  CHECK(value("accept-encoding", {"Z", many.substr(8)}).ends_with("c41,z"));
}

TEST_CASE("vary: a field that is not there is not one that is empty", "[cache][vary]") {
  for (const char* name : {"foo", "accept-encoding", "accept-language"}) {
    CHECK(value(name, {}) == kVaryAbsent);
    CHECK(value(name, {""}).empty());
    char scratch[8];
    CHECK(matches_vary_value(name, kVaryAbsent, {}, scratch));
    CHECK_FALSE(matches_vary_value(name, "", {}, scratch));
    CHECK(matches_vary_value(name, "", Lines{""}, scratch));
    CHECK_FALSE(matches_vary_value(name, kVaryAbsent, Lines{""}, scratch));
  }
}

TEST_CASE("vary: what does not fit is not written beyond, and does not match", "[cache][vary]") {
  char memory[4] = {'-', '-', '-', '-'};
  const std::span<char> three(memory, 3);
  CHECK(normalise_vary_value("foo", Lines{"abc"}, three) == 3);
  CHECK_FALSE(normalise_vary_value("foo", Lines{"abcd"}, three));
  CHECK_FALSE(normalise_vary_value("foo", Lines{"ab", "c"}, three));
  CHECK_FALSE(normalise_vary_value("foo", Lines{"abcd  "}, three));
  CHECK_FALSE(normalise_vary_value("accept-encoding", Lines{"gzip"}, three));
  CHECK_FALSE(normalise_vary_value("foo", {}, {}));
  CHECK(memory[3] == '-');
  CHECK_FALSE(matches_vary_value("foo", "a,bc", Lines{"a, bc"}, three));
  // Nothing has to be written for what is the same already, or for what is not there.
  CHECK(matches_vary_value("foo", "abcd", Lines{"abcd"}, three));
  CHECK(matches_vary_value("foo", kVaryAbsent, {}, {}));
}

}  // namespace sluice::cache
