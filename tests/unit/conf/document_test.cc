// SPDX-License-Identifier: MIT
#include "conf/document.h"

#include <catch2/catch.hpp>
#include <string>

#include "conf/positions.h"

namespace sluice::conf {
namespace {

std::string_view at(std::string_view text, const Node& node) {
  return text.substr(node.offset, node.length);
}

TEST_CASE("document: every key and value knows its bytes", "[conf][document]") {
  const std::string text =
      "\xef\xbb\xbf// head\n"
      "{ \"a\" : 12 ,/* , \" */\"b\":[ true,false , null, -7, 1.5e3, \"x\\\"y\" ],\n"
      "\t\"c\":{\"d\":{ }},\"\\u0065\":\"\xc3\xa4\", \"f\": 18446744073709551615}"
      " // tail";
  Problems problems;
  const auto root = parse_document(text, problems);
  REQUIRE(root);
  CHECK(problems.empty());
  CHECK(at(text, *root) == text.substr(11, text.size() - 11 - 8));
  REQUIRE(root->children.size() == 5);
  const Node& a = root->children[0];
  CHECK(at(text, a) == "12");
  CHECK(a.integer == 12);
  CHECK(text.substr(a.key_offset, a.key_length) == "\"a\"");
  const Node& b = root->children[1];
  CHECK(at(text, b) == "[ true,false , null, -7, 1.5e3, \"x\\\"y\" ]");
  const char* elements[] = {"true", "false", "null", "-7", "1.5e3", "\"x\\\"y\""};
  REQUIRE(b.children.size() == std::size(elements));
  for (std::size_t i = 0; i < std::size(elements); ++i) {
    CHECK(at(text, b.children[i]) == elements[i]);
  }
  CHECK(b.children[0].boolean);
  CHECK(b.children[3].integer == -7);
  CHECK(b.children[4].kind == Node::Kind::Number);
  CHECK(b.children[5].text == "x\"y");
  CHECK(at(text, *root->find("c")->find("d")) == "{ }");
  const Node* e = root->find("e");
  REQUIRE(e != nullptr);
  CHECK(text.substr(e->key_offset, e->key_length) == "\"\\u0065\"");
  CHECK(e->text == "\xc3\xa4");
  CHECK(root->find("f")->kind == Node::Kind::Number);  // more than an int64
}

TEST_CASE("document: the nearest node of a path that ends early", "[conf][document]") {
  Problems problems;
  const auto root = parse_document(R"({"a":[{"b":1}]})", problems);
  REQUIRE(root);
  const Path path = Path().at("a").at(std::size_t{0});
  CHECK(nearest(*root, path.at("b")).node.integer == 1);
  CHECK(nearest(*root, path.at("b")).steps == 3);
  CHECK(nearest(*root, path.at("x").at("y")).steps == 2);
  CHECK(nearest(*root, Path().at("a").at(std::size_t{1})).node.kind == Node::Kind::Array);
  CHECK(nearest(*root, Path().at("z")).steps == 0);
}

TEST_CASE("document: a repeated key is told with both places, and the first stays",
          "[conf][document]") {
  const std::string text = "{\"a\":{\"x\":1,\n \"x\":{\"y\":[2]}, \"x\":3}}";
  Problems problems;
  const auto root = parse_document(text, problems);
  REQUIRE(root);
  CHECK(root->find("a")->children.size() == 1);
  CHECK(root->find("a")->find("x")->integer == 1);
  REQUIRE(problems.list().size() == 2);
  const Problem& problem = problems.list()[0];
  CHECK(problem.message == "duplicate key \"x\"");
  CHECK(problem.path.text() == "a.x");
  CHECK(Positions(text).at(problem.offset) == Position{2, 2});
  CHECK(problem.length == 3);
  REQUIRE(problem.earlier);
  CHECK(Positions(text).at(*problem.earlier) == Position{1, 7});
}

TEST_CASE("document: what is no JSON is told where and why", "[conf][document]") {
  struct Row {
    std::string text;
    Position at;
    std::string message;
    std::string hint;
  };
  const Row rows[] = {
      {"", {1, 1}, "there is no configuration here", "the smallest one is in the README"},
      {" \n// c\n", {2, 5}, "there is no configuration here", "the smallest one is in the README"},
      {"{\"a\":1,}", {1, 7}, "trailing comma before \"}\"", "remove this comma"},
      {"[1,\n2, // two\n]", {2, 2}, "trailing comma before \"]\"", "remove this comma"},
      {"{\"a\":1\n \"b\":2}", {1, 7}, "expected \",\" or \"}\"", "a comma is missing here"},
      {"[1 2]", {1, 3}, "expected \",\" or \"]\"", "a comma is missing here"},
      {"[\"a\"\n  \"b\"]", {1, 5}, "expected \",\" or \"]\"", "a comma is missing here"},
      {"{\"a\":{\"b\":1]}",
       {1, 12},
       "expected \",\" or \"}\", found ]",
       "the \"{\" of line 1 is still open"},
      {"{\n\"a\":[1}",
       {2, 7},
       "expected \",\" or \"]\", found }",
       "the \"[\" of line 2 is still open"},
      {"{\"a\":1:2}",
       {1, 7},
       "expected \",\" or \"}\", found :",
       "the \"{\" of line 1 is still open"},
      {"{\"a\" 1}", {1, 6}, "expected \":\" after the key, found 1", ""},
      {"{\"a\",1}", {1, 5}, "expected \":\" after the key, found ,", ""},
      {"{\"a\"= 1}", {1, 5}, "unexpected \"=\"", "a key and its value are separated by \":\""},
      {"{\"a\":}", {1, 6}, "expected a value, found }", ""},
      {"{\"a\":,}", {1, 6}, "expected a value, found ,", ""},
      {"[,1]", {1, 2}, "expected a value, found ,", ""},
      {"[1,,2]", {1, 4}, "expected a value, found ,", ""},
      {"{a:1}", {1, 2}, "expected a key in double quotes, found a", "write \"a\""},
      {"{\"a\":1,b:1}", {1, 8}, "expected a key in double quotes, found b", "write \"b\""},
      {"{1:1}", {1, 2}, "expected a key in double quotes, found 1", "write \"1\""},
      {"{\"a\":1,[", {1, 8}, "expected a key in double quotes, found [", ""},
      {"{,}", {1, 2}, "expected a key in double quotes, found ,", ""},
      {"{'a':1}", {1, 2}, "unexpected \"'\"", "strings stand in double quotes"},
      {"{\"a\":'b'}", {1, 6}, "unexpected \"'\"", "strings stand in double quotes"},
      {"{\"a\":tru\n}", {1, 6}, "unexpected word tru", "did you mean true?"},
      {"{\"a\":True}", {1, 6}, "unexpected word True", "did you mean true?"},
      {"{\"a\":off}", {1, 6}, "unexpected word off", "strings stand in double quotes: \"off\""},
      {"{\"a\":5s}", {1, 6}, "unexpected word 5s", "strings stand in double quotes: \"5s\""},
      {"[1,012]",
       {1, 4},
       "012 is no JSON number",
       "numbers here are whole, without + and leading zeros"},
      {"[5 s]", {1, 3}, "expected \",\" or \"]\"", "a comma is missing here"},
      {"{\"a\":1e400}",
       {1, 6},
       "1e400 is no JSON number",
       "numbers here are whole, without + and leading zeros"},
      {"{\"a\":+1}",
       {1, 6},
       "+1 is no JSON number",
       "numbers here are whole, without + and leading zeros"},
      {"{\"a\":.5}",
       {1, 6},
       ".5 is no JSON number",
       "numbers here are whole, without + and leading zeros"},
      {"{\"a\":-}", {1, 6}, "unexpected word -", "strings stand in double quotes: \"-\""},
      {"{\"a\":\"b}\n", {1, 6}, "the string is not closed", "a closing \" is missing on this line"},
      {"{\"a:1}", {1, 2}, "the string is not closed", "a closing \" is missing on this line"},
      {"{\"a\":\"b\tc\"}", {1, 8}, "a control character stands in a string", "write \\t"},
      {"{\"a\":\"C:\\data\"}", {1, 9}, "unknown escape \\d", "a backslash itself is written \\\\"},
      {"{\"a\":\"\\u12\"}", {1, 7}, "\\u needs four hexadecimal digits", ""},
      {"{\"a\":\"\xff\"}",
       {1, 6},
       "the string is not valid UTF-8 or holds half of a surrogate pair",
       ""},
      {"{\"a\":\"\\ud800\"}",
       {1, 6},
       "the string is not valid UTF-8 or holds half of a surrogate pair",
       ""},
      {"{\"\\x\":1}", {1, 3}, "unknown escape \\x", "a backslash itself is written \\\\"},
      {"# c\n{}", {1, 1}, "unexpected \"#\"", "comments begin with //"},
      {"{ # c\n}", {1, 3}, "unexpected \"#\"", "comments begin with //"},
      {"{/ c\n}", {1, 2}, "unexpected \"/\"", "comments begin with //"},
      {"{/* c\n}", {1, 2}, "the comment is not closed", "a closing */ is missing"},
      {"{} /*", {1, 4}, "the comment is not closed", "a closing */ is missing"},
      {"{\n \"a\": [\n  1\n",
       {3, 4},
       "the text ends while 2 brackets are still open",
       "the \"[\" of line 2 is not closed"},
      {"{\"a\":",
       {1, 6},
       "the text ends while a bracket is still open",
       "the \"{\" of line 1 is not closed"},
      {"{",
       {1, 2},
       "the text ends while a bracket is still open",
       "the \"{\" of line 1 is not closed"},
      {"{} {}",
       {1, 4},
       "unexpected text behind the end of the configuration",
       "the whole configuration is one { ... }"},
      {std::string("{}\0{}", 5),
       {1, 3},
       "unexpected text behind the end of the configuration",
       "the whole configuration is one { ... }"},
      {std::string("{\0}", 3), {1, 2}, "unexpected \"\\u0000\"", ""},
      {"{ // c\rx\n}", {1, 8}, "expected a key in double quotes, found x", "write \"x\""},
      {"\xef\xbb{}", {1, 1}, "unexpected \"\xef\xbb\"", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    Problems problems;
    CHECK_FALSE(parse_document(row.text, problems));
    REQUIRE(problems.list().size() == 1);
    const Problem& problem = problems.list()[0];
    const Position at = Positions(row.text).at(problem.offset);
    CHECK(at.line == row.at.line);
    CHECK(at.column == row.at.column);
    CHECK(problem.message == row.message);
    CHECK(problem.hint == row.hint);
  }
}

TEST_CASE("document: deep nesting is refused and costs no stack", "[conf][document]") {
  for (const char* open : {"[", "{\"a\":"}) {
    std::string text;
    for (std::size_t i = 0; i < kDeepest; ++i) text += open;
    const std::size_t fine = text.size();
    for (int i = 0; i < 1'000'000; ++i) text += open;
    Problems problems;
    CHECK_FALSE(parse_document(text, problems));
    REQUIRE(problems.list().size() == 1);
    CHECK(problems.list()[0].offset == fine);
    CHECK(problems.list()[0].message == "brackets are nested more than 32 deep");
  }
  Problems problems;
  CHECK(parse_document(std::string(kDeepest, '[') + std::string(kDeepest, ']'), problems));
}

TEST_CASE("document: a syntax error names the place it stands at", "[conf][document]") {
  Problems problems;
  CHECK_FALSE(parse_document(R"({"routes":[{},{"match":{"host":x}}]})", problems));
  REQUIRE(problems.list().size() == 1);
  CHECK(problems.list()[0].path.text() == "routes[1].match.host");
}

}  // namespace
}  // namespace sluice::conf
