// SPDX-License-Identifier: MIT
#include "cache/targeted_control.h"

#include <catch2/catch.hpp>

#include "tests/unit/cache/policy_rows.h"

namespace sluice::cache {
namespace {

// What was read, in an order of its own; "ignored" where nothing may be.
std::string read(std::string_view text) {
  ResponseControl control;
  control.max_age = Seconds(12345);
  if (!read_targeted_control(Message(text).values("CDN-Cache-Control"), control)) {
    return control.max_age == Seconds(12345) ? "ignored" : "touched";
  }
  std::string out;
  const auto flag = [&out](bool set, const char* name) {
    if (set) out.append(name).append(" ");
  };
  flag(control.no_store, "no-store");
  flag(control.is_private, "private");
  flag(control.no_cache, "no-cache");
  flag(control.is_public, "public");
  flag(control.must_revalidate, "must-revalidate");
  flag(control.proxy_revalidate, "proxy-revalidate");
  flag(control.must_understand, "must-understand");
  flag(control.no_transform, "no-transform");
  flag(control.immutable, "immutable");
  const auto number = [&out](const std::optional<Seconds>& value, const char* name) {
    if (value) out.append(name).append(std::to_string(value->count())).append(" ");
  };
  number(control.max_age, "max-age=");
  number(control.s_maxage, "s-maxage=");
  number(control.stale_while_revalidate, "swr=");
  number(control.stale_if_error, "sie=");
  if (!control.private_fields.empty()) out.append("private:").append(control.private_fields);
  if (!control.no_cache_fields.empty()) out.append("no-cache:").append(control.no_cache_fields);
  return out;
}

struct DirectivesRow {
  const char* name;
  const char* field;  // its lines, joined by "|"
  const char* expected;
};

void check_directives(const std::vector<DirectivesRow>& rows) {
  for (const DirectivesRow& row : rows) {
    INFO(row.name << "\n" << row.field);
    std::string text = "CDN-Cache-Control: ";
    for (const char c : std::string_view(row.field)) {
      c == '|' ? text.append("\nCDN-Cache-Control: ") : text.append(1, c);
    }
    CHECK(read(text) == row.expected);
  }
}

}  // namespace

TEST_CASE("targeted control: directives", "[cache][targeted_control]") {
  check_directives({
      {"RFC 9213 2.1: max-age", "max-age=3600", "max-age=3600 "},
      {"RFC 9213 2.1: flags", "no-store, private, no-cache, public",
       "no-store private no-cache public "},
      {"RFC 9213 2.1: more flags",
       "must-revalidate, proxy-revalidate, must-understand, no-transform, immutable",
       "must-revalidate proxy-revalidate must-understand no-transform immutable "},
      {"RFC 9213 2.1: numbers",
       "s-maxage=1,max-age=2 ,\tstale-while-revalidate=3, stale-if-error=4",
       "max-age=2 s-maxage=1 swr=3 sie=4 "},
      {"RFC 9213 2.1: a list of fields", "private=\"a, B\"", "private:a, B"},
      {"RFC 9213 2.1: a list of fields that bind", "max-age=1, no-cache=\"a\"",
       "max-age=1 no-cache:a"},
      {"RFC 9213 2.1: an empty list of fields", "private=\"\"", "private "},
      {"RFC 9213 2.1: a list with an escape", "private=\"a\\\"b\"", "private "},
      {"RFC 9213 2.1: a list of what is no field", "private=\"a b\"", "private "},
      {"RFC 9213 2.1: a list of nothing", "private=\" , \"", "private "},
      {"RFC 9213 2.1: a token where a list should be", "private=a", "private "},
      {"RFC 9213 2.1: unknown directives", "foobar, max-age=1, x=\"y, z\", q=(1 2)", "max-age=1 "},
      {"RFC 9213 2.1: only unknown directives", "foo", ""},
      {"RFC 9213 2.1: parameters are ignored", "max-age=1;a;b=2; c=\"d\", no-store;x",
       "no-store max-age=1 "},
      {"RFC 8941 3.3.6: true", "no-store=?1", "no-store "},
      {"RFC 8941 3.3.6: false says nothing", "no-store=?0, private=?0, max-age=1", "max-age=1 "},
      {"RFC 8941 3.2: of two the last", "max-age=1, max-age=2", "max-age=2 "},
      {"RFC 8941 3.2: of two the last, a flag", "no-store, max-age=1, no-store=?0", "max-age=1 "},
      {"RFC 8941 3.2: of two the last, a list", "private=\"a\", private", "private "},
      {"RFC 8941 4.2: several lines are one", "max-age=1|no-store", "no-store max-age=1 "},
      {"RFC 8941 4.2: blanks around the whole", "  max-age=1  ", "max-age=1 "},
      {"RFC 9111 1.2.2: larger than an age can be", "max-age=99999999999", "max-age=2147483648 "},
      {"RFC 9111 1.2.2: negative is no time", "max-age=-1", "max-age=0 "},
      {"RFC 9213 2.1: a flag of another type binds", "no-store=1, must-revalidate=\"x\"",
       "no-store must-revalidate "},
      {"RFC 8941 3.1.2: any type in what is unknown",
       "a=1.5, b=*tok/en, c=:YWJj:, d=(\"x\" y;z=1 2), e=\"\\\\\", f=-0, max-age=1", "max-age=1 "},
  });
}

TEST_CASE("targeted control: what does not parse is ignored as a whole",
          "[cache][targeted_control]") {
  check_directives({
      {"RFC 9213 2.1: empty", "", "ignored"},
      {"RFC 9213 2.1: blanks", "   ", "ignored"},
      {"RFC 8941 4.2.2: an unknown type behind", "max-age=10000, &&&&&", "ignored"},
      {"RFC 8941 4.2.2: also behind no-store", "no-store, &", "ignored"},
      {"RFC 8941 4.2.2: a comma at the end", "max-age=1,", "ignored"},
      {"RFC 8941 4.2.2: a comma before", ", max-age=1", "ignored"},
      {"RFC 8941 4.2.2: two commas", "max-age=1,, no-store", "ignored"},
      {"RFC 8941 4.2.2: no comma", "max-age=1 no-store", "ignored"},
      {"RFC 8941 4.2: an empty line", "max-age=1|", "ignored"},
      {"RFC 8941 4.2: an empty line before", "|max-age=1", "ignored"},
      {"RFC 8941 4.2: a line that is none", "max-age=1|&", "ignored"},
      {"RFC 8941 4.2: a tab before", "\tmax-age=1", "ignored"},
      {"RFC 8941 4.2.3.3: a key in upper case", "MaX-aGe=3600", "ignored"},
      {"RFC 8941 4.2.3.3: a letter in upper case", "maX-age=3600", "ignored"},
      {"RFC 8941 4.2.3.3: a key that begins with a digit", "1a, max-age=1", "ignored"},
      {"RFC 8941 4.2.2: a blank before the equals sign", "max-age =100", "ignored"},
      {"RFC 8941 4.2.2: a blank behind the equals sign", "max-age= 100", "ignored"},
      {"RFC 8941 4.2.2: nothing behind the equals sign", "max-age=", "ignored"},
      {"RFC 9213 2.1: an age as a string", "max-age=\"10000\"", "ignored"},
      {"RFC 9213 2.1: an age as a decimal", "max-age=10.0", "ignored"},
      {"RFC 9213 2.1: an age as a token", "max-age=ten", "ignored"},
      {"RFC 9213 2.1: an age as a flag", "max-age", "ignored"},
      {"RFC 9213 2.1: an s-maxage as a list", "s-maxage=(1)", "ignored"},
      {"RFC 8941 4.2.4: 15 digits fit", "max-age=999999999999999", "max-age=2147483648 "},
      {"RFC 8941 4.2.4: 16 digits do not", "max-age=9999999999999999", "ignored"},
      {"RFC 8941 4.2.4: only a sign", "max-age=-", "ignored"},
      {"RFC 8941 4.2.4: a point at the end", "a=1., max-age=1", "ignored"},
      {"RFC 8941 4.2.4: four decimals", "a=1.2345, max-age=1", "ignored"},
      {"RFC 8941 4.2.4: 13 digits before a point", "a=1234567890123.1, max-age=1", "ignored"},
      {"RFC 8941 4.2.5: an open string", "private=\"a, max-age=1", "ignored"},
      {"RFC 8941 4.2.5: a string across lines", "private=\"a|b\"", "ignored"},
      {"RFC 8941 4.2.5: an unknown escape", "a=\"\\x\", max-age=1", "ignored"},
      {"RFC 8941 4.2.5: an escape at the end", "a=\"\\", "ignored"},
      {"RFC 8941 4.2.5: a byte above ASCII", "a=\"\xc3\xa4\", max-age=1", "ignored"},
      {"RFC 8941 4.2.5: a control character", "a=\"\x7f\", max-age=1", "ignored"},
      {"RFC 8941 4.2.7: open bytes", "a=:YWJj, max-age=1", "ignored"},
      {"RFC 8941 4.2.8: no boolean", "no-store=?2", "ignored"},
      {"RFC 8941 4.2.8: half a boolean", "no-store=?", "ignored"},
      {"RFC 8941 4.2.1.2: an open list", "a=(1 2, max-age=1", "ignored"},
      {"RFC 8941 4.2.1.2: a list without blanks", "a=(\"x\"\"y\"), max-age=1", "ignored"},
      {"RFC 8941 4.2.3.2: a parameter without a key", "max-age=1;", "ignored"},
      {"RFC 8941 4.2.3.2: a parameter without its value", "max-age=1;a=", "ignored"},
      {"RFC 8941 4.2.3.2: a blank before the semicolon", "max-age=1 ;a", "ignored"},
  });
  ResponseControl control;
  CHECK_FALSE(read_targeted_control({}, control));
}

TEST_CASE("targeted control: it stands for Cache-Control and Expires",
          "[cache][targeted_control]") {
  struct Verdict {
    const char* name;
    const char* response;
    Storing storing;
    Time lifetime;
  };
  const std::vector<Verdict> rows = {
      {"RFC 9213 2.2: alone", "CDN-Cache-Control: max-age=60", Storing::Allowed, 60},
      {"RFC 9213 2.2: longer", "Cache-Control: max-age=1\nCDN-Cache-Control: max-age=60",
       Storing::Allowed, 60},
      {"RFC 9213 2.2: shorter", "Cache-Control: max-age=60\nCDN-Cache-Control: max-age=1",
       Storing::Allowed, 1},
      {"RFC 9213 2.2: over s-maxage", "Cache-Control: s-maxage=60\nCDN-Cache-Control: max-age=1",
       Storing::Allowed, 1},
      {"RFC 9213 2.2: its s-maxage over its max-age", "CDN-Cache-Control: max-age=60, s-maxage=1",
       Storing::Allowed, 1},
      {"RFC 9213 2.2: over a past Expires", "CDN-Cache-Control: max-age=60\nDate: 0\nExpires: -1",
       Storing::Allowed, 60},
      {"RFC 9213 2.2: over an invalid Expires", "CDN-Cache-Control: max-age=60\nExpires: x",
       Storing::Allowed, 60},
      {"RFC 9213 2.2: 0 over a future Expires",
       "CDN-Cache-Control: max-age=0\nDate: 0\nExpires: 60", Storing::NoLifetime, 0},
      {"RFC 9213 2.2: without a lifetime Expires is none",
       "CDN-Cache-Control: public\nDate: 0\nExpires: 60", Storing::NoLifetime, 0},
      {"RFC 9213 2.2: unknown directives count, too",
       "CDN-Cache-Control: foo\nCache-Control: max-age=60", Storing::NoLifetime, 0},
      {"RFC 9213 2.2: and leave it to a guess",
       "CDN-Cache-Control: foo\nCache-Control: max-age=60\nDate: 0\nLast-Modified: -1000",
       Storing::Allowed, 100},
      {"RFC 9213 2.2: over no-store", "Cache-Control: no-store\nCDN-Cache-Control: max-age=60",
       Storing::Allowed, 60},
      {"RFC 9213 2.2: over private", "Cache-Control: private\nCDN-Cache-Control: max-age=60",
       Storing::Allowed, 60},
      {"RFC 9213 2.2: its no-store",
       "CDN-Cache-Control: no-store\nCache-Control: max-age=60\nDate: 0\nExpires: 60",
       Storing::NoStore, 0},
      {"RFC 9213 2.2: its private", "CDN-Cache-Control: private\nCache-Control: max-age=60",
       Storing::Private, 0},
      {"RFC 9213 2.2: its no-cache", "CDN-Cache-Control: no-cache\nCache-Control: max-age=60",
       Storing::NoLifetime, 0},
      {"RFC 9213 2.1: ignored, with no-store behind",
       "CDN-Cache-Control: max-age=60, &\nCache-Control: no-store", Storing::NoStore, 0},
      {"RFC 9213 2.1: ignored, with max-age behind",
       "CDN-Cache-Control: max-age=1, &\nCache-Control: max-age=60", Storing::Allowed, 60},
      {"RFC 9213 2.1: ignored, with Expires behind",
       "CDN-Cache-Control: max-age=\"1\"\nDate: 0\nExpires: 60", Storing::Allowed, 60},
      {"RFC 9213 2.1: empty, with max-age behind", "CDN-Cache-Control: \nCache-Control: max-age=60",
       Storing::Allowed, 60},
  };
  for (const Verdict& row : rows) {
    INFO(row.name << "\n" << row.response);
    const Judgement judgement = judge("", row.response);
    CHECK(to_word(judgement.storing) == to_word(row.storing));
    CHECK(judgement.terms.lifetime == row.lifetime);
  }
  // RFC 9111 3.5, by the targeted field.
  CHECK(judge("Authorization: x", "CDN-Cache-Control: max-age=60").storing ==
        Storing::Authorization);
  CHECK(judge("Authorization: x", "CDN-Cache-Control: max-age=60, public").storing ==
        Storing::Allowed);
  CHECK(judge("", "CDN-Cache-Control: max-age=60, no-cache").terms.always_validate);
  CHECK(judge("", "CDN-Cache-Control: s-maxage=60").terms.must_revalidate);
  CHECK_FALSE(
      judge("", "CDN-Cache-Control: max-age=60\nCache-Control: no-cache").terms.always_validate);
}

}  // namespace sluice::cache
