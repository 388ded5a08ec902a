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

struct Row {
  std::string what;
  FieldEdits::NamesAndValues add;
  FieldEdits::NamesAndValues set;
  std::vector<std::string> remove;
  std::string expected;
};

TEST_CASE("field edits: remove, then set, then add") {
  const Row rows[] = {
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
  for (const Row& row : rows) {
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

}  // namespace
}  // namespace sluice::http
