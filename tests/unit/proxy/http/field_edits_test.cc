// SPDX-License-Identifier: MIT
#include "proxy/http/field_edits.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice::http {
namespace {

std::string text_of(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) {
    text.append(field.name).append("=").append(field.value).append(";");
  }
  return text;
}

struct EditRow {
  std::string what;
  FieldEdits::NamesAndValues add;
  FieldEdits::NamesAndValues set;
  std::vector<std::string> remove;
  std::string expected;
};

TEST_CASE("field edits: beside a content, nothing that tells of it or how long it is kept") {
  const FieldEdits edits({{"cdn-cache-control", "max-age=9"}, {"Content-Language", "en"}},
                         {{"Cache-Control", "immutable"},
                          {"expires", "never"},
                          {"ETag", "\"a\""},
                          {"Last-Modified", "once"},
                          {"Surrogate-Control", "max-age=9"},
                          {"Content-Security-Policy", "default-src 'self'"},
                          {"X-Frame-Options", "DENY"}},
                         {"Content-Type", "Server"});
  Fields fields;
  fields.add("Content-Type", "text/plain");
  fields.add("Server", "origin");
  edits.apply_beside_content(fields);
  CHECK(text_of(fields) ==
        "Content-Type=text/plain;Content-Security-Policy=default-src 'self';X-Frame-Options=DENY;");
}

TEST_CASE("field edits: remove, then set, then add") {
  const EditRow rows[] = {
      {"nothing", {}, {}, {}, "Server=origin;X-Tag=a;x-tag=b;"},
      {"remove a known name", {}, {}, {"server"}, "X-Tag=a;x-tag=b;"},
      {"remove every field of an unknown name", {}, {}, {"X-TAG"}, "Server=origin;"},
      {"remove what is not there", {}, {}, {"Via", "X-None"}, "Server=origin;X-Tag=a;x-tag=b;"},
      {"set replaces a known one", {}, {{"server", "edge"}}, {}, "Server=edge;X-Tag=a;x-tag=b;"},
      {"set leaves one of many", {}, {{"X-Tag", "c"}}, {}, "Server=origin;X-Tag=c;"},
      {"set adds an unknown one",
       {},
       {{"X-New", "1"}},
       {},
       "Server=origin;X-Tag=a;x-tag=b;X-New=1;"},
      {"set adds a known one", {}, {{"Via", "1"}}, {}, "Server=origin;X-Tag=a;x-tag=b;Via=1;"},
      {"add keeps the others", {{"X-Tag", "c"}}, {}, {}, "Server=origin;X-Tag=a;x-tag=b;X-Tag=c;"},
      {"set after remove", {}, {{"Server", "edge"}}, {"Server"}, "X-Tag=a;x-tag=b;Server=edge;"},
      {"add after set",
       {{"Server", "two"}},
       {{"Server", "one"}},
       {},
       "Server=one;X-Tag=a;x-tag=b;Server=two;"},
      {"an empty value", {}, {{"Server", ""}}, {"X-Tag"}, "Server=;"},
  };
  for (const EditRow& row : rows) {
    INFO(row.what);
    Fields fields;
    fields.add("Server", "origin");
    fields.add("X-Tag", "a");
    fields.add("x-tag", "b");
    const FieldEdits edits(row.add, row.set, row.remove);
    CHECK(edits.empty() == (row.what == "nothing"));
    edits.apply(fields);
    CHECK(text_of(fields) == row.expected);
  }
}

TEST_CASE("field edits: what was added can be found by its id") {
  Fields fields;
  FieldEdits({{"via", "1.1 a"}}, {{"SERVER", "edge"}}, {}).apply(fields);
  CHECK(fields.count(FieldId::Via) == 1);
  CHECK(fields.has(FieldId::Server));
  CHECK_FALSE(fields.has(FieldId::Date));
}

TEST_CASE("field edits: fields go on borrowing from edits that were moved") {
  FieldEdits edits({{"X", "1"}}, {{"Y", "2"}}, {"Z"});
  Fields fields;
  edits.apply(fields);
  const FieldEdits moved = std::move(edits);
  CHECK(text_of(fields) == "Y=2;X=1;");
}

TEST_CASE(
    "field edits: what is set or removed is managed in every spelling, what is added is not") {
  const FieldEdits edits({{"X-Added", "1"}}, {{"X-User", "2"}}, {"X_Role"});
  for (const char* name : {"X-User", "x-user", "X_User", "X.USER", "X-Role", "x_role", "X.Role"}) {
    CHECK(edits.manages(name));
  }
  for (const char* name : {"X-Added", "X-Users", "XUser", "X+User", ""}) {
    CHECK_FALSE(edits.manages(name));
  }
}

TEST_CASE("field edits: other spellings of what is set or removed do not stay beside it") {
  struct SpellingRow {
    std::string set;
    std::vector<std::string> allow;
    std::string expected;
  };
  const SpellingRow rows[] = {
      {"X_User", {}, "X_User=a;x-role=d;"},
      {"X-User", {"X_Role"}, "X-User=b;x-user=c;x-role=d;"},
      {"X_Role", {}, "X_User=a;X-User=b;x-user=c;"},
      // Without a name that could be folded nothing is looked for.
      {"X-User", {}, "X_User=a;X-User=b;x-user=c;x-role=d;"},
  };
  for (const SpellingRow& row : rows) {
    Fields fields;
    fields.add("X_User", "a");
    fields.add("X-User", "b");
    fields.add("x-user", "c");
    fields.add("x-role", "d");
    FieldEdits({}, {{row.set, "1"}}, {}, row.allow).drop_other_spellings(fields);
    CHECK(text_of(fields) == row.expected);
  }
  const FieldEdits edits({}, {}, {}, {"X_User"});
  REQUIRE(edits.allowed().size() == 1);
  CHECK(edits.allowed()[0] == "X_User");
}

}  // namespace
}  // namespace sluice::http
