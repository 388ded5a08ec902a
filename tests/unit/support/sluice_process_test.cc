// SPDX-License-Identifier: MIT
#include "tests/support/sluice_process.h"

#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/http_reader.h"

namespace sluice::support {
namespace {

// Two listeners that answer every request with this body.
std::string config_answering(std::string_view body, std::string_view second_listener) {
  return fmt::format(R"({{
    // comments are allowed
    "workers": 1,
    "listeners": [ {{ "address": "127.0.0.1:0" }}, {{ "address": "{}" }} ],
    "routes": [ {{ "match": {{}}, "respond": {{ "status": 200, "body": "{}" }} }} ]
  }})",
                     second_listener, body);
}

std::string answer_of(RawClient client) {
  client.send("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  return read_response(client).body;
}

}  // namespace

TEST_CASE("sluice process: listeners are reached by their index, TCP and unix") {
  const TempDir directory;
  const std::string path = directory.file("listener.sock");
  SluiceProcess sluice(config_answering("one", "unix:" + path));
  CHECK(sluice.port(0) > 0);
  CHECK(answer_of(sluice.connect(0)) == "one");
  CHECK(answer_of(sluice.connect(1)) == "one");
  CHECK_THROWS_AS(sluice.port(1), Failure);
  CHECK_THROWS_AS(sluice.port(2), std::out_of_range);
  sluice.wait_for_access_log("GET /x");
  CHECK(sluice.access_log().find("listening on") == std::string::npos);
  CHECK(sluice.terminate() == ExitStatus{0, 0});
}

TEST_CASE("sluice process: a start that fails says why") {
  CHECK_THROWS_WITH(SluiceProcess(R"({ "listeners": [ { "adress": "127.0.0.1:0" } ] })"),
                    Catch::Contains("exited with 3") && Catch::Contains("adress"));
  CHECK(check_config("{").status == ExitStatus{3, 0});
}

TEST_CASE("sluice process: a reload is told from one that failed") {
  SluiceProcess sluice(config_answering("one", "127.0.0.1:0"));
  CHECK(sluice.reload(config_answering("two", "127.0.0.1:0")));
  CHECK(answer_of(sluice.connect()) == "two");
  CHECK_FALSE(sluice.reload("{ not json"));
  CHECK(answer_of(sluice.connect()) == "two");
}

TEST_CASE("sluice process: SIGINT ends it") {
  SluiceProcess sluice(config_answering("one", "127.0.0.1:0"));
  CHECK(sluice.port(0) != sluice.port(1));
  CHECK(sluice.interrupt() == ExitStatus{0, 0});
  CHECK_THROWS_AS(sluice.connect(0), Failure);
}

}  // namespace sluice::support
