// SPDX-License-Identifier: MIT
#include "proxy/http/headers.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice::http {
namespace {

std::string changed_case(std::string_view text, bool upper) {
  std::string out(text);
  for (char& c : out) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 0x20);
  }
  return out;
}

std::string names_and_values(const Fields& fields) {
  std::string out;
  for (const Field& field : fields) {
    out += std::string(field.name) + '=' + std::string(field.value) + ' ';
  }
  return out;
}

std::vector<std::string> elements(std::string_view list) {
  std::vector<std::string> out;
  ListReader reader(list);
  std::string_view element;
  while (reader.next(element)) out.emplace_back(element);
  return out;
}

}  // namespace

TEST_CASE("headers: every known name is found in any case, and nothing near it",
          "[http][headers]") {
  for (std::size_t i = 1; i < kFieldIds; ++i) {
    const auto id = static_cast<FieldId>(i);
    const std::string name(field_name(id));
    INFO(name);
    REQUIRE(!name.empty());
    CHECK(field_id(name) == id);
    CHECK(field_id(changed_case(name, true)) == id);
    CHECK(field_id(changed_case(name, false)) == id);
    CHECK(field_id(name + "x") != id);
    CHECK(field_id(name.substr(1)) != id);
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string other = name;
        other[at] = static_cast<char>(static_cast<unsigned char>(other[at]) ^ (1U << bit));
        if (!iequals(other, name)) CHECK(field_id(other) != id);
      }
    }
  }
}

TEST_CASE("headers: unknown names are Other", "[http][headers]") {
  CHECK(field_id("") == FieldId::Other);
  CHECK(field_id("X") == FieldId::Other);
  CHECK(field_id("X-Custom") == FieldId::Other);
  CHECK(field_id(std::string(500, 'a')) == FieldId::Other);
  CHECK(field_name(FieldId::Other).empty());
  CHECK(field_name(FieldId::ContentLength) == "Content-Length");
}

TEST_CASE("headers: fields are found by id and by name, first one first", "[http][headers]") {
  Fields fields;
  fields.add("set-cookie", "a");
  fields.add("X-A", "1");
  fields.add(FieldId::SetCookie, "b");
  fields.add("x-a", "2");
  CHECK(fields.value(FieldId::SetCookie) == "a");
  CHECK(fields.value("SET-COOKIE") == "a");
  CHECK(fields.value("x-A") == "1");
  CHECK(fields.find("X-A") == &fields[1]);
  CHECK(fields.count(FieldId::SetCookie) == 2);
  CHECK(fields.has(FieldId::SetCookie));
  CHECK_FALSE(fields.has(FieldId::Host));
  CHECK(fields.count(FieldId::Host) == 0);
  CHECK(fields.find(FieldId::Host) == nullptr);
  CHECK(fields.find("X-B") == nullptr);
  CHECK(fields.value("X-B").empty());
  CHECK(fields.value(FieldId::Host).empty());
}

TEST_CASE("headers: set replaces the first and removes the rest", "[http][headers]") {
  Fields fields;
  fields.add("A", "1");
  fields.add("B", "2");
  fields.add("a", "3");
  fields.set("A", "4");
  CHECK(names_and_values(fields) == "A=4 B=2 ");
  fields.set("C", "5");
  CHECK(names_and_values(fields) == "A=4 B=2 C=5 ");
  fields.set(FieldId::Via, "x");
  fields.set(FieldId::Via, "y");
  fields.add("via", "z");
  fields.set("VIA", "w");
  CHECK(names_and_values(fields) == "A=4 B=2 C=5 Via=w ");
}

TEST_CASE("headers: what was removed is not found any more", "[http][headers]") {
  Fields fields;
  fields.add("Host", "h");
  fields.add("A", "1");
  fields.add("Via", "v");
  fields.add("a", "2");
  CHECK(fields.remove("A") == 2);
  CHECK(fields.remove("A") == 0);
  CHECK(fields.remove("VIA") == 1);
  CHECK_FALSE(fields.has(FieldId::Via));
  CHECK(fields.remove(FieldId::Via) == 0);
  CHECK(fields.has(FieldId::Host));
  CHECK(fields.remove_if([](const Field&) { return true; }) == 1);
  CHECK_FALSE(fields.has(FieldId::Host));
  CHECK(fields.empty());
  fields.add(FieldId::Host, "h");
  fields.clear();
  CHECK_FALSE(fields.has(FieldId::Host));
}

TEST_CASE("headers: rebase moves the views of one range only", "[http][headers]") {
  const std::string old_bytes = "Name: value";
  const std::string new_bytes = "Name: value";
  const std::string other = "elsewhere";
  Fields fields;
  const std::string_view text = old_bytes;
  fields.add(text.substr(0, 4), text.substr(6));
  fields.add("Literal", other);
  fields.add("Empty", text.substr(text.size()));
  fields.add("None", std::string_view());
  fields.rebase(text, new_bytes.data());
  CHECK(fields[0].name.data() == new_bytes.data());
  CHECK(fields[0].value.data() == new_bytes.data() + 6);
  CHECK(fields[1].value.data() == other.data());
  CHECK(fields[2].value.data() == new_bytes.data() + new_bytes.size());
  CHECK(fields[3].value.data() == nullptr);
}

TEST_CASE("headers: lists are read element by element", "[http][headers]") {
  using List = std::vector<std::string>;
  CHECK(elements("") == List{});
  CHECK(elements(" , ,\t,") == List{});
  CHECK(elements("a") == List{"a"});
  CHECK(elements("a,b") == List{"a", "b"});
  CHECK(elements(" a ,, b c\t, d") == List{"a", "b c", "d"});
  CHECK(list_contains_token("keep-alive, Upgrade", "upgrade"));
  CHECK(list_contains_token("upgrade", "UPGRADE"));
  CHECK_FALSE(list_contains_token("upgraded, xupgrade, up grade", "upgrade"));
  CHECK_FALSE(list_contains_token("", "upgrade"));
  CHECK(list_contains_directive("a=1, No-Transform = 2", "no-transform"));
  CHECK(list_contains_directive("no-transform", "no-transform"));
  CHECK_FALSE(list_contains_directive("a=no-transform, no-transforms=1, =", "no-transform"));
}

TEST_CASE("headers: tokens and values from configuration can be checked", "[http][headers]") {
  CHECK(is_token("X-Edge"));
  CHECK(is_token("!#$%&'*+-.^_`|~"));
  for (const char* bad : {"", "a b", "a:", "a\r", "a\n", "\xe9", "a/b", "a\"", "(a)"}) {
    CHECK_FALSE(is_token(bad));
  }
  CHECK(is_field_value(""));
  CHECK(is_field_value("a \t\"b\" \xe9"));
  for (const char* bad : {"a\r\nB: c", "\n", "\x01", "\x7f"}) CHECK_FALSE(is_field_value(bad));
  CHECK_FALSE(is_field_value(std::string_view("a\0b", 3)));
}

TEST_CASE("headers: only ASCII letters are folded", "[http][headers]") {
  CHECK(iequals("aZ-9", "Az-9"));
  CHECK_FALSE(iequals("a", "ab"));
  CHECK_FALSE(iequals("[", "{"));
  CHECK_FALSE(iequals("\xc9", "\xe9"));
  CHECK_FALSE(iequals("-", "\r"));
}

}  // namespace sluice::http
