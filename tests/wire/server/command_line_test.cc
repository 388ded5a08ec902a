// SPDX-License-Identifier: MIT
// The command line: what is printed, and the exit codes.
#include <catch2/catch.hpp>

#include <signal.h>

#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process.h"
#include "tests/support/raw_client.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"

using sluice::support::Finished;
using sluice::support::Process;
using sluice::support::run_program;
using sluice::support::Stream;
using sluice::support::TempDir;

namespace {

Finished run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), sluice::support::sluice_binary());
  return run_program(arguments);
}

}  // namespace

TEST_CASE("command line: exit codes tell usage from configuration", "[wire][cli]") {
  TempDir directory;
  const std::string good = directory.write("good.json", R"({
    "listeners": [{"address": "127.0.0.1:0"}],
    "routes": [{"match": {}, "respond": {"body": "hi"}}]})");
  const std::string bad = directory.write("bad.json", R"({
    "listeners": [{"address": "127.0.0.1:0"}],
    "pools": {"api": {"backends": ["127.0.0.1:1"]}},
    "routes": [{"match": {}, "forward": {"pool": "apy"}}],
    "timeouts": {"idel": "3 parsecs"}})");
  CHECK(run({}).status.code == 2);
  CHECK(run({"nonsense"}).status.code == 2);
  CHECK(run({"run"}).status.code == 2);
  CHECK(run({"proxy", ":8080"}).status.code == 2);
  CHECK(run({"check", good}).status.code == 0);
  CHECK(run({"check", directory.file("missing.json")}).status.code == 3);
  CHECK(run({"run", bad}).status.code == 3);
  CHECK(run({"help"}).out.find("sluice run FILE") != std::string::npos);
  CHECK(run({"version"}).out.starts_with("sluice "));

  const Finished checked = run({"check", bad});
  CHECK(checked.status.code == 3);
  INFO(checked.err);
  // Both at once, each with its place and what would be right.
  CHECK(checked.err.find("bad.json:4:50: error:") != std::string::npos);
  CHECK(checked.err.find("did you mean \"api\"?") != std::string::npos);
  CHECK(checked.err.find("bad.json:5:18: error:") != std::string::npos);
  CHECK(checked.err.find("did you mean \"idle\"?") != std::string::npos);
  CHECK(checked.err.find("2 errors") != std::string::npos);
}

TEST_CASE("command line: an address that cannot be listened on is a runtime error", "[wire][cli]") {
  auto start = [](const std::string& address, const std::string& more = {}) {
    TempDir directory;
    return run({"run", directory.write("c.json", R"({
      "listeners": [{"address": ")" + address + R"("}], )" +
                                                     more + R"(
      "routes": [{"match": {}, "respond": {"body": "hi"}}]})")});
  };
  SECTION("a path in no directory") {
    TempDir directory;
    const Finished finished = start("unix:" + directory.file("no/such/dir.sock"));
    CHECK(finished.status.code == 1);
    CHECK(finished.err.find("cannot bind") != std::string::npos);
  }
  SECTION("even if a list is broken, too") {
    TempDir directory;
    const std::string list = directory.write("deny", "nonsense\n");
    const Finished finished = start("unix:" + directory.file("no/such/dir.sock"),
                                    R"("access": {"deny": "file:)" + list + "\"},");
    CHECK(finished.status.code == 1);
    CHECK(finished.err.find("cannot bind") != std::string::npos);
  }
  SECTION("one that another process of ours has, although SO_REUSEPORT would let us in") {
    sluice::support::SluiceProcess first(R"({"listeners": [{"address": "127.0.0.1:0"}],
      "routes": [{"match": {}, "respond": {"body": "first"}}]})");
    const Finished finished = start("127.0.0.1:" + std::to_string(first.port()));
    CHECK(finished.status.code == 1);
    CHECK(finished.err.find("another process listens there already") != std::string::npos);
  }
}

TEST_CASE("command line: IPv4, IPv6 and Unix listeners answer", "[wire][cli]") {
  TempDir directory;
  const std::string path = directory.file("listen.sock");
  sluice::support::SluiceProcess sluice(R"({"listeners": [{"address": "127.0.0.1:0"},
      {"address": "[::1]:0"}, {"address": "unix:)" +
                                        path + R"("}],
    "routes": [{"match": {}, "respond": {"body": "hi"}}]})");
  sluice::support::ClientOptions v6;
  v6.host = "::1";
  sluice::support::RawClient clients[] = {sluice.connect(0), sluice.connect(1, v6),
                                          sluice.connect(2)};
  for (sluice::support::RawClient& client : clients) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(sluice::support::read_response(client).body == "hi");
  }
  CHECK(sluice.terminate().code == 0);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("command line: proxy needs no file and says what it does", "[wire][cli]") {
  sluice::support::ScriptedBackend backend(
      sluice::support::ScriptedBackend::answer(200, "from the backend"));
  Process process(
      {sluice::support::sluice_binary(), "proxy", "127.0.0.1:0", "to", backend.address()});
  const std::size_t end = process.wait_for(Stream::Out, "\n");
  const std::string first = process.output(Stream::Out).substr(0, end);
  CHECK(first.find("http://127.0.0.1:") != std::string::npos);
  CHECK(first.find(backend.address()) != std::string::npos);
  const std::size_t at = process.wait_for(Stream::Out, "listening on http://127.0.0.1:");
  process.wait_for(Stream::Out, "\n", at);
  sluice::support::RawClient client(std::stoi(process.output(Stream::Out).substr(at)));
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(sluice::support::read_response(client).body == "from the backend");
  process.signal(SIGINT);
  CHECK(process.wait().code == 0);
}

TEST_CASE("command line: the printed configuration is the one that proxy runs", "[wire][cli]") {
  const Finished printed =
      run({"proxy", ":8080", "to", "localhost:9000", ":9001", "9002", "--print-config"});
  CHECK(printed.status.code == 0);
  CHECK(printed.out.find("\"localhost:9002\"") != std::string::npos);
  CHECK(sluice::support::check_config(printed.out).status.code == 0);
}

TEST_CASE("command line: README.md has the reference that the binary prints", "[wire][cli]") {
  const std::string readme = sluice::support::read_file("README.md");
  CHECK(readme.find(run({"schema", "--markdown"}).out) != std::string::npos);
  CHECK(run({"schema"}).out.find("\"$schema\"") != std::string::npos);
}
