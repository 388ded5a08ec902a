// SPDX-License-Identifier: MIT
// What the shell, the system and the operator do to the process: streams that cannot be written,
// signals at any time, threads that are short.
#include <catch2/catch.hpp>

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/metrics.h"
#include "tests/support/process.h"
#include "tests/support/raw_client.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"

using sluice::support::by_shell;
using sluice::support::Deadline;
using sluice::support::Finished;
using sluice::support::Process;
using sluice::support::ProcessOptions;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::run_program;
using sluice::support::sluice_binary;
using sluice::support::SluiceProcess;
using sluice::support::Stream;
using sluice::support::TempDir;
using sluice::support::wait_for_metric;

namespace {

const std::string kSaysOk = R"({"listeners": [{"address": "127.0.0.1:0"}],
  "routes": [{"match": {}, "respond": {"body": "ok"}}]})";

void await_file(const std::string& path) {
  const Deadline deadline;
  while (!std::filesystem::exists(path)) {
    REQUIRE_FALSE(deadline.expired());
    std::this_thread::yield();
  }
}

std::string body_from(const SluiceProcess& sluice) {
  RawClient client = sluice.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return read_response(client).body;
}

}  // namespace

TEST_CASE("operator: a bad file ends nothing where stderr cannot be written", "[wire][reload]") {
  const std::string redirection = GENERATE("exec 2> /dev/full", "exec 2>&-");
  INFO(redirection);
  ProcessOptions options;
  options.runner = by_shell(redirection);
  SluiceProcess sluice(kSaysOk, options);
  sluice.directory().write(std::filesystem::path(sluice.config_path()).filename().string(), "{");
  sluice.process().signal(SIGHUP);
  wait_for_metric(sluice, "sluice_config_reloads_total{result=\"failed\"}", 1);
  CHECK(body_from(sluice) == "ok");
}

TEST_CASE("operator: a greeting that cannot be printed ends nothing", "[wire][cli]") {
  TempDir directory;
  const std::string socket = directory.file("s.sock");
  const std::string config = directory.write("c.json", R"({
    "listeners": [{"address": "unix:)" + socket + R"("}],
    "routes": [{"match": {}, "respond": {"body": "ok"}}]})");
  std::vector<std::string> arguments = by_shell("exec > /dev/full");
  arguments.insert(arguments.end(), {sluice_binary(), "run", config});
  Process process(arguments);
  await_file(socket);
  process.signal(SIGTERM);
  CHECK(process.wait().code == 0);
}

TEST_CASE("operator: a command that cannot print its answer fails", "[wire][cli]") {
  TempDir directory;
  const std::string config = directory.write("c.json", kSaysOk);
  const std::vector<std::vector<std::string>> commands = {
      {"version"}, {"help"}, {"schema"}, {"check", config}};
  for (const std::vector<std::string>& command : commands) {
    INFO(command[0]);
    std::vector<std::string> arguments = by_shell("exec > /dev/full");
    arguments.push_back(sluice_binary());
    arguments.insert(arguments.end(), command.begin(), command.end());
    const Finished finished = run_program(arguments);
    CHECK(finished.status == sluice::support::ExitStatus{1, 0});
  }
}

TEST_CASE("operator: a SIGHUP that comes while the file is read waits for the server",
          "[wire][reload]") {
  if (sluice::support::kSanitized) sluice::support::skip("LeakSanitizer may not be traced");
  TempDir directory;
  const std::string config = directory.write("c.json", kSaysOk);
  Process process({"strace", "-f", "-qq", "-o", directory.file("calls"), "-P", config, "-e",
                   "trace=openat", "-e", "inject=openat:signal=SIGHUP:when=1", sluice_binary(),
                   "run", config});
  CHECK(process.wait_for(Stream::Err, "configuration reloaded") > 0);
}

TEST_CASE("operator: SIGUSR1 opens the access log again", "[wire][log]") {
  TempDir directory;
  const std::string path = directory.file("access.log");
  SluiceProcess sluice(R"({"listeners": [{"address": "127.0.0.1:0"}],
      "access_log": {"format": "combined", "path": ")" +
                       path + R"("},
      "routes": [{"match": {}, "respond": {"body": "ok"}}]})");
  std::filesystem::rename(path, path + ".1");
  sluice.process().signal(SIGUSR1);
  await_file(path);
  CHECK(body_from(sluice) == "ok");
  CHECK(sluice.terminate().code == 0);
  const std::string lines =
      sluice::support::read_file(path) + sluice::support::read_file(path + ".1");
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 1);
  CHECK(sluice.log().find("reloaded") == std::string::npos);
}

TEST_CASE("operator: SIGQUIT drains, as SIGTERM does", "[wire][drain]") {
  SluiceProcess sluice(kSaysOk);
  sluice.process().signal(SIGQUIT);
  CHECK(sluice.process().wait().code == 0);
  CHECK(sluice.log().find("draining") != std::string::npos);
}

TEST_CASE("operator: a system that is short of threads is an error, and no crash", "[wire][cli]") {
  if (sluice::support::kSanitized) sluice::support::skip("needs more address space than it leaves");
  TempDir directory;
  const std::string config = directory.write("c.json", R"({"workers": 256,
    "listeners": [{"address": "127.0.0.1:0"}],
    "routes": [{"match": {}, "respond": {"body": "ok"}}]})");
  std::vector<std::string> arguments = by_shell("ulimit -v 1000000");
  arguments.insert(arguments.end(), {sluice_binary(), "run", config});
  const Finished finished = run_program(arguments);
  CHECK(finished.status == sluice::support::ExitStatus{1, 0});
  CHECK(finished.err.find("cannot start a thread") != std::string::npos);
}

TEST_CASE("operator: clients alone never take the last descriptor", "[wire][limits]") {
  if (sluice::support::kSanitized) sluice::support::skip("has descriptors of its own");
  const sluice::support::ScriptedBackend backend(
      sluice::support::ScriptedBackend::answer(200, "from the backend"));
  ProcessOptions options;
  options.runner = by_shell("ulimit -n 128");
  const std::string config = R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "pools": {"p": {"backends": [")" +
                             backend.address() + R"("]}},
    "routes": [{"match": {}, "forward": {"pool": "p"}}]})";
  SluiceProcess sluice(config, options);
  RawClient first = sluice.connect();
  first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(first).body == "from the backend");
  // More than it has descriptors: those that it does not take wait in the kernel's queue.
  std::vector<RawClient> idle;
  for (int i = 0; i < 160; ++i) idle.push_back(sluice.connect());
  wait_for_metric(sluice, "sluice_client_connections_open", 32);
  first.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(read_response(first).body == "from the backend");
  CHECK(sluice.reload(config));
}
