// SPDX-License-Identifier: MIT
#include "tests/support/process.h"

#include <signal.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/temp_dir.h"

namespace {

using namespace std::chrono_literals;
using sluice::support::ExitStatus;
using sluice::support::Process;
using sluice::support::run_program;
using sluice::support::Stream;

std::vector<std::string> shell(const std::string& script) {
  return {"/bin/sh", "-c", script};
}

}  // namespace

TEST_CASE("process: output of both kinds and the exit code") {
  const auto finished = run_program(shell("echo out; echo err >&2; exit 3"));
  CHECK(finished.out == "out\n");
  CHECK(finished.err == "err\n");
  CHECK(finished.status == ExitStatus{3, 0});
}

TEST_CASE("process: more output than a pipe holds blocks nobody") {
  const auto finished = run_program({"head", "-c", "1000000", "/dev/zero"});
  CHECK(finished.out.size() == 1'000'000);
  CHECK(finished.status == ExitStatus{0, 0});
}

TEST_CASE("process: environment and directory reach the program") {
  const sluice::support::TempDir directory;
  const auto finished =
      run_program(shell("echo $GREETING; pwd; echo $PATH"),
                  {{{"GREETING", "hello"}, {"PATH", "/bin"}}, directory.file("")});
  CHECK(finished.out == "hello\n" + directory.path().string() + "\n/bin\n");
}

TEST_CASE("process: output is awaited, from a position on") {
  Process process(shell("echo one; echo one; exec cat"));
  const std::size_t first = process.wait_for(Stream::Out, "one\n");
  CHECK(first == 4);
  CHECK(process.wait_for(Stream::Out, "one\n", first) == 8);
  CHECK_THROWS_WITH(process.wait_for(Stream::Out, "two", 0, 1ms), Catch::Contains("one"));
}

TEST_CASE("process: signals arrive, and the status tells them from codes") {
  Process trapping(shell("trap 'echo caught; exit 7' TERM; echo ready; while :; do :; done"));
  trapping.wait_for(Stream::Out, "ready");
  trapping.signal(SIGTERM);
  CHECK(trapping.wait() == ExitStatus{7, 0});
  CHECK(trapping.output(Stream::Out) == "ready\ncaught\n");
  CHECK_FALSE(trapping.running());
  trapping.signal(SIGTERM);  // to nobody

  Process plain(shell("echo ready; while :; do :; done"));
  plain.wait_for(Stream::Out, "ready");
  CHECK(plain.running());
  plain.signal(SIGKILL);
  CHECK(plain.wait() == ExitStatus{-1, SIGKILL});
}

TEST_CASE("process: waiting on one that ended otherwise says how and what it said") {
  Process process(shell("echo cannot bind >&2; exit 1"));
  CHECK_THROWS_WITH(process.wait_for(Stream::Out, "ready"),
                    Catch::Contains("exited with 1") && Catch::Contains("cannot bind"));
}

TEST_CASE("process: the end is awaited with a deadline") {
  Process process(shell("echo ready; while :; do :; done"));
  process.wait_for(Stream::Out, "ready");
  CHECK_THROWS_WITH(process.wait(1ms), Catch::Contains("still runs"));
}

TEST_CASE("process: a program that is not there is a failure at once") {
  CHECK_THROWS_WITH(Process({"/nonexistent/program"}), Catch::Contains("No such file"));
}

TEST_CASE("process: the destructor takes the children along") {
  pid_t grandchild = 0;
  {
    Process process(shell("(while :; do :; done) & echo $!; wait"));
    process.wait_for(Stream::Out, "\n");
    grandchild = std::stoi(process.output(Stream::Out));
    REQUIRE(::kill(grandchild, 0) == 0);
  }
  // Dead, though it may stay a zombie until its new parent looks.
  const auto state = run_program(shell("cat /proc/" + std::to_string(grandchild) + "/stat"));
  CHECK((state.out.empty() || state.out.find(") Z ") != std::string::npos));
}
