// SPDX-License-Identifier: MIT
#include "conf/load.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "conf/schema.h"
#include "tests/unit/conf/rows.h"

namespace sluice::conf {
namespace {

using rows::load;

LoadOptions without_certificates() {
  LoadOptions options;
  options.check.read_files = false;
  return options;
}

std::string with(const std::string& members) {
  return R"({"listeners":[{"address":":80"}],"routes":[{"respond":{}}])" +
         (members.empty() ? std::string() : "," + members) + "}";
}

TEST_CASE("load: what is not given has its default", "[conf][load]") {
  const LoadOutcome outcome = load(with(""));
  REQUIRE(outcome.config);
  CHECK(outcome.errors.empty());
  Config expected;
  expected.listeners.push_back({":80", "", {}});
  expected.routes.emplace_back().respond.emplace();
  CHECK(*outcome.config == expected);
}

TEST_CASE("load: words that stand for 0", "[conf][load]") {
  for (const char* members :
       {R"("workers":"auto")", R"("limits":{"body":"off"})",
        R"("limits":{"per_ip":{"rate":"off"}})", R"("limits":{"per_ip":{"rate":0}})",
        R"("limits":{"body":0})", R"("limits":{"connections":0})", R"("timeouts":{"total":"off"})",
        R"("timeouts":{"total":0})"}) {
    CAPTURE(members);
    const LoadOutcome outcome = load(with(members));
    REQUIRE(outcome.config);
    CHECK(outcome.config->workers == 0);
    CHECK(outcome.config->limits.body == 0);
    CHECK(outcome.config->limits.connections == 0);
    CHECK(outcome.config->timeouts.total == Duration::zero());
    CHECK(outcome.config->limits.per_ip.rate == Rate());
  }
}

TEST_CASE("load: types, units and ranges", "[conf][load]") {
  struct Row {
    std::string members;
    std::string path;
    std::string message;
    std::string hint;
  };
  const std::string durations = R"(a number and a unit in one string: "250ms", "30s", "5m", "1h")";
  const std::string sizes = R"(a number and a unit in one string: "512B", "64KiB", "1MiB", "10MB")";
  const std::string rates = R"(a number and a unit in one string: "10/s", "600/m", "5000/h")";
  const std::vector<Row> rows{
      {R"("workers":0)", "workers",
       R"("workers" must be a whole number from 1 to 256, or "auto", not 0)", ""},
      {R"("workers":257)", "workers",
       R"("workers" must be a whole number from 1 to 256, or "auto", not 257)", ""},
      {R"("workers":-1)", "workers",
       R"("workers" must be a whole number from 1 to 256, or "auto", not -1)", ""},
      {R"("workers":1.5)", "workers",
       R"("workers" must be a whole number from 1 to 256, or "auto", not a number)", ""},
      {R"("workers":99999999999999999999)", "workers",
       R"("workers" must be a whole number from 1 to 256, or "auto", not a number)", ""},
      {R"("workers":"4")", "workers",
       R"("workers" must be a whole number from 1 to 256, or "auto", not a string)",
       "write the number without quotes"},
      {R"("workers":true)", "workers",
       R"("workers" must be a whole number from 1 to 256, or "auto", not a boolean)", ""},
      {R"("workers":null)", "workers",
       R"("workers" must be a whole number from 1 to 256, or "auto", not null)", ""},
      {R"("workers":[4])", "workers",
       R"("workers" must be a whole number from 1 to 256, or "auto", not an array)", ""},
      {R"("cache":{"max_object":0})", "cache.max_object",
       R"("max_object" must be a size from 1B to 1TiB, or "auto", not a number)", sizes},
      {R"("cache":{"max_object":"0B"})", "cache.max_object",
       R"("max_object" must be a size from 1B to 1TiB, or "auto", not 0B)", ""},
      {R"("limits":{"per_ip":{"burst":0}})", "limits.per_ip.burst",
       R"("burst" must be a whole number from 1 to 1000000, or "auto", not 0)", ""},
      {R"("timeouts":{"idle":5})", "timeouts.idle",
       R"("idle" must be a duration from 1ms to 1d, not a number)", "did you mean \"5s\"?"},
      {R"("timeouts":{"idle":"5"})", "timeouts.idle", R"("idle": "5" has no unit)", durations},
      {R"("timeouts":{"idle":"0s"})", "timeouts.idle",
       R"("idle" must be a duration from 1ms to 1d, not 0ms)", ""},
      {R"("timeouts":{"idle":"off"})", "timeouts.idle",
       R"("idle": "off" does not begin with a number)", durations},
      {R"("timeouts":{"total":"0s"})", "timeouts.total",
       R"("total" must be a duration from 1ms to 1d, or "off", not 0ms)", ""},
      {R"("timeouts":{"idle":"25h"})", "timeouts.idle",
       R"("idle" must be a duration from 1ms to 1d, not 25h)", ""},
      {R"("limits":{"per_ip":{"rate":5}})", "limits.per_ip.rate",
       R"("rate" must be a rate from 1 to 1000000 a second, minute or hour, or "off", not a number)",
       "did you mean \"5/s\"?"},
      {R"("limits":{"per_ip":{"rate":"5"}})", "limits.per_ip.rate", R"("rate": "5" has no period)",
       rates},
      {R"("limits":{"per_ip":{"rate":"0/s"}})", "limits.per_ip.rate",
       R"("rate" must be a rate from 1 to 1000000 a second, minute or hour, or "off", not 0/s)",
       ""},
      {R"("timeouts":[])", "timeouts", R"("timeouts" must be an object, not an array)", ""},
      {R"("timeouts":{"idel":"5s"})", "timeouts.idel", R"(unknown key "idel" in timeouts)",
       "did you mean \"idle\"?"},
      {R"("limits":{"head":"100B"})", "limits.head",
       R"("head" must be a size from 512B to 16MiB, not 100B)", ""},
      {R"("limits":{"head":65536})", "limits.head",
       R"("head" must be a size from 512B to 16MiB, not a number)", "did you mean \"65536B\"?"},
      {R"("limits":{"head":"64k"})", "limits.head",
       "\"head\": \"64k\" has the unknown unit \"k\" (units: TiB, TB, GiB, GB, MiB, MB, KiB, KB, "
       "B)",
       sizes},
      {R"("limits":{"body":"none"})", "limits.body",
       R"("body": "none" does not begin with a number)", sizes},
      {R"("limits":{"fields":7})", "limits.fields",
       R"("fields" must be a whole number from 8 to 10000, not 7)", ""},
      {R"("error_log":{"level":"warning"})", "error_log.level",
       R"("level" must be "error", "warn", "info" or "debug", not "warning")", ""},
      {R"("access_log":{"format":"jsn"})", "access_log.format",
       R"("format" must be "combined", "json" or "off", not "jsn")", "did you mean \"json\"?"},
      {R"("access_log":{"format":false})", "access_log.format",
       R"("format" must be "combined", "json" or "off", not a boolean)", ""},
      {R"("trusted_proxies":"10.0.0.0/8")", "trusted_proxies",
       R"("trusted_proxies" must be an array of strings, not a string)", ""},
      {R"("trusted_proxies":["::1",7])", "trusted_proxies[1]",
       R"("trusted_proxies[1]" must be a string, not a number)", ""},
      {R"("pools":{"a":{"backends":["h:1",{"address":"h:2","weight":0}]}})",
       "pools.a.backends[1].weight", R"("weight" must be a whole number from 1 to 256, not 0)", ""},
      {R"("pools":{"a":{"backends":["h:1",7]}})", "pools.a.backends[1]",
       R"("backends[1]" must be an object, not a number)", ""},
      {R"("pools":[])", "pools", R"("pools" must be an object of named objects, not an array)", ""},
      {R"("server":{})", "server", R"(unknown key "server" at the top level)", ""},
      {R"("resolver":{"$schema":"x"})", "resolver.$schema", R"(unknown key "$schema" in resolver)",
       ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.members);
    const LoadOutcome outcome = load(with(row.members));
    CHECK_FALSE(outcome.config);
    REQUIRE(outcome.errors.size() == 1);
    CHECK(outcome.errors[0].path == row.path);
    CHECK(outcome.errors[0].message == row.message);
    CHECK(outcome.errors[0].hint == row.hint);
  }
  for (const char* text : {"[]", "5", "\"x\"", "null"}) {
    const LoadOutcome outcome = load(text);
    REQUIRE(outcome.errors.size() == 1);
    CHECK(outcome.errors[0].message.find("a configuration must be an object, not ") == 0);
  }
}

TEST_CASE("load: all errors come at once, by position", "[conf][load]") {
  const LoadOutcome outcome = load(R"({
  "routes": [{"forward": {"pool": "x"}}],
  "workers": 0,
  "limits": {"nope": 1},
  "listeners": [{"address": "y"}]
})");
  REQUIRE(outcome.errors.size() == 4);
  CHECK(outcome.errors[0].path == "routes[0].forward.pool");
  CHECK(outcome.errors[1].path == "workers");
  CHECK(outcome.errors[2].path == "limits.nope");
  CHECK(outcome.errors[2].allowed ==
        R"("request_line", "field", "head", "fields", "body", "body_rate", "send_rate", )"
        R"("bandwidth", "connections", "per_ip", "table")");
  CHECK(outcome.errors[3].path == "listeners[0].address");
}

TEST_CASE("load: an error is shown with its line, carets and a summary", "[conf][load]") {
  const LoadOutcome outcome = load(
      "{\n  \"listeners\": [{\"address\": \":80\"}],\n"
      "\t\"limits\": {\"\xc3\xa4\": 1, \"haed\": \"1KiB\"},\n"
      "  \"routes\": [{\"respond\": {}}]\n}\n");
  CHECK(
      render(outcome.errors, false) ==
      "t.json:3:13: error: unknown key \"\xc3\xa4\" in limits\n"
      "    3 |  \"limits\": {\"\xc3\xa4\": 1, \"haed\": \"1KiB\"},\n"
      "      |             ^^^\n"
      "  path: limits[\"\xc3\xa4\"]   allowed: \"request_line\", \"field\", \"head\", \"fields\", "
      "\"body\", \"body_rate\", \"send_rate\", \"bandwidth\", \"connections\", \"per_ip\", "
      "\"table\"\n"
      "t.json:3:21: error: unknown key \"haed\" in limits\n"
      "    3 |  \"limits\": {\"\xc3\xa4\": 1, \"haed\": \"1KiB\"},\n"
      "      |                     ^^^^^^ did you mean \"head\"?\n"
      "  path: limits.haed   allowed: \"request_line\", \"field\", \"head\", \"fields\", "
      "\"body\", \"body_rate\", \"send_rate\", \"bandwidth\", \"connections\", \"per_ip\", "
      "\"table\"\n"
      "2 errors\n");
  CHECK(render({}, false).empty());
  const std::string coloured = render(outcome.errors, true);
  CHECK(coloured.find("\x1b[1;31merror:\x1b[0m") != std::string::npos);
}

TEST_CASE("load: nothing in a file steers the terminal", "[conf][load]") {
  const LoadOutcome outcome =
      load_text("a\x1b]0;b.json", with("\"\\u001b[31m\xc2\x9b\":\"\x7f\", \"x\\u0007\": 1"), {});
  REQUIRE_FALSE(outcome.errors.empty());
  const std::string shown = render(outcome.errors, false);
  for (const char c : shown) {
    CHECK((c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)));
  }
  CHECK(shown.find("\xc2\x9b") == std::string::npos);
}

TEST_CASE("load: long lines and long lists of errors are cut", "[conf][load]") {
  std::string members;
  for (int i = 0; i < 60; ++i) members += "\"unknown" + std::to_string(i) + "\":0,";
  members.pop_back();
  const LoadOutcome outcome = load(with(members));
  CHECK(outcome.errors.size() == 60);
  const std::string shown = render(outcome.errors, false);
  CHECK(shown.find("unknown key \"unknown49\"") != std::string::npos);
  CHECK(shown.find("unknown key \"unknown50\"") == std::string::npos);
  const std::string end = "\nand 10 more\n60 errors\n";
  CHECK(shown.substr(shown.size() - end.size()) == end);
  std::istringstream lines(shown);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    if (line.find(" |") == 5) CHECK(line.size() < 120);
  }
}

TEST_CASE("load: files that cannot be read", "[conf][load]") {
  struct Row {
    std::string path;
    std::string shown;
  };
  const Row rows[] = {
      {"/nowhere/x.json",
       "/nowhere/x.json: error: cannot read it: No such file or directory\n"
       "1 error\n"},
      {"/tmp", "/tmp: error: cannot read it: Is a directory\n1 error\n"},
  };
  for (const Row& row : rows) {
    const LoadOutcome outcome = load_file(row.path);
    CHECK_FALSE(outcome.config);
    CHECK(render(outcome.errors, false) == row.shown);
  }
  LoadOptions small;
  small.bytes_max = 1024;
  CHECK(render(load_file("/dev/zero", small).errors, false) ==
        "/dev/zero: error: a configuration has at most 1KiB\n1 error\n");
  CHECK_FALSE(load_text("t.json", std::string(1025, ' '), small).config);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> examples() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator("conf/examples")) {
    if (entry.path().extension() == ".json") out.push_back(entry.path());
  }
  return out;
}

TEST_CASE("load: every shipped example loads, and prints as a file that means the same",
          "[conf][load]") {
  CHECK(examples().size() >= 3);
  for (const auto& path : examples()) {
    CAPTURE(path.string());
    const LoadOutcome outcome = load_file(path.string(), without_certificates());
    CHECK(render(outcome.errors, false).empty());
    REQUIRE(outcome.config);
    const LoadOutcome again = load(to_json(*outcome.config));
    CHECK(render(again.errors, false).empty());
    REQUIRE(again.config);
    CHECK(*again.config == *outcome.config);
  }
}

TEST_CASE("load: relative files count from the configuration's directory", "[conf][load]") {
  const LoadOutcome outcome = load_file("conf/examples/demo.json", without_certificates());
  REQUIRE(outcome.config);
  const std::string root = std::filesystem::current_path().string();
  CHECK(outcome.config->listeners.at(1).tls->certificates.at(0).cert ==
        root + "/build/demo/cert.pem");
  CHECK(outcome.config->access_log.path == "stdout");
}

// Whatever the text: a Config or errors, never both or neither, and every error can be shown.
void must_answer(const std::string& text) {
  const LoadOutcome outcome = load(text);
  CAPTURE(text);
  REQUIRE(outcome.config.has_value() == outcome.errors.empty());
  REQUIRE(render(outcome.errors, false).empty() == outcome.errors.empty());
}

TEST_CASE("load: no damage to a file makes it crash", "[conf][load]") {
  std::mt19937 random(20240611);
  for (const auto& path : examples()) {
    const std::string whole = read(path);
    for (std::size_t i = 0; i <= whole.size(); i += 3) {
      must_answer(whole.substr(0, i));
      must_answer(whole.substr(i));
    }
    for (std::size_t i = 0; i < whole.size(); i += 2) {
      for (const char c : {'"', '{', '\\', '\0', '\xff'}) {
        std::string damaged = whole;
        damaged[i] = c;
        must_answer(damaged);
      }
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << (random() % 8)));
      must_answer(flipped);
    }
  }
}

}  // namespace
}  // namespace sluice::conf
