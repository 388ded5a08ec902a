// SPDX-License-Identifier: MIT
// The test program: Catch2 in a child process, watched by this one.
//
// The last line printed is "N passed, N failed" (", N skipped" where there are some), and the exit
// code is 0 only when at least one test case ran and none failed. The parent prints it after the
// child is gone, so neither a crash, an exit() inside a test nor a sanitizer's report at the end
// can pass for success or come after that line. A test case that makes no progress for
// SLUICE_TEST_TIMEOUT seconds (default 120, 0 for never) is aborted and counts as failed.
//
// Each test case is tagged with its folder below tests/ ([unit], [exchange], [wire]), and one
// without a single assertion fails. For a debugger, SLUICE_TEST_FORK=0 runs all in one process.
#define CATCH_CONFIG_RUNNER
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/skip.h"

namespace {

// Lies in memory shared between the two processes: the child writes, the parent reads.
struct Progress {
  std::atomic<bool> started{false};
  std::atomic<bool> finished{false};
  std::atomic<bool> in_case{false};
  std::atomic<int> passed{0};
  std::atomic<int> failed{0};
  std::atomic<int> skipped{0};
  char name[240] = {};  // of the test case that runs

  int done() const { return passed + failed + skipped; }
};

// Catch2 constructs the listener itself, which leaves a global as the only way to it.
Progress* progress = nullptr;

class ProgressListener : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testRunStarting(const Catch::TestRunInfo&) override { progress->started = true; }

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    skipped_ = false;
    std::snprintf(progress->name, sizeof progress->name, "%s", info.name.c_str());
    progress->in_case = true;
  }

  bool assertionEnded(const Catch::AssertionStats& stats) override {
    if (stats.assertionResult.getTestMacroName() == "SUCCEED") {
      const std::string message = stats.assertionResult.getMessage();
      skipped_ = skipped_ || message.starts_with(sluice::support::kSkipMark);
    }
    return true;
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const bool failed = stats.totals.testCases.failed > 0 || stats.totals.assertions.failed > 0;
    ++(failed ? progress->failed : skipped_ ? progress->skipped : progress->passed);
    progress->in_case = false;
  }

  void testRunEnded(const Catch::TestRunStats&) override { progress->finished = true; }

 private:
  bool skipped_ = false;
};

void tag_with_folders(Catch::Session& session) {
  for (const Catch::TestCase& test : Catch::getAllTestCasesSorted(session.config())) {
    std::string_view file = test.lineInfo.file;
    const std::size_t start = file.rfind("tests/");
    if (start == std::string_view::npos) continue;
    file.remove_prefix(start + std::strlen("tests/"));
    const std::size_t end = file.find('/');
    if (end == std::string_view::npos) continue;
    std::vector<std::string> tags = test.tags;
    tags.emplace_back(file.substr(0, end));
    // As Catch2 does for its own --filenames-as-tags.
    setTags(const_cast<Catch::TestCase&>(test), std::move(tags));
  }
}

int run_tests(int argc, char** argv) {
  try {
    Catch::Session session;
    if (const int wrong = session.applyCommandLine(argc, argv); wrong != 0) return wrong;
    Catch::ConfigData& config = session.configData();
    config.warnings =
        static_cast<Catch::WarnAbout::What>(config.warnings | Catch::WarnAbout::NoAssertions);
    tag_with_folders(session);
    return session.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

int seconds_without_progress() {
  const char* text = std::getenv("SLUICE_TEST_TIMEOUT");
  return text == nullptr ? 120 : static_cast<int>(std::strtol(text, nullptr, 10));
}

// Waits for the child and returns its wait status. First aborts, so that Catch2 names the test case
// and its last assertion, then kills a child that stays on one test case for too long.
int watch(pid_t child, const sigset_t& child_signal) {
  const int limit = seconds_without_progress();
  int done_before = -1;
  int idle = 0;
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    const timespec second{1, 0};
    if (sigtimedwait(&child_signal, nullptr, &second) >= 0) continue;
    if (progress->done() != done_before) {
      done_before = progress->done();
      idle = 0;
    }
    ++idle;
    if (limit > 0 && idle == limit) {
      std::fprintf(stderr, "no progress for %d s in \"%s\"\n", limit, progress->name);
      kill(child, SIGABRT);
    }
    if (limit > 0 && idle == limit + 10) kill(child, SIGKILL);
  }
}

// Says how the child ended when that was not by its own free will; true when all is well.
bool ended_well(int status) {
  const char* where = progress->name[0] == 0 ? "no test case" : progress->name;
  if (WIFSIGNALED(status)) {
    std::printf("the tests died of signal %d (%s) in: %s\n", WTERMSIG(status),
                strsignal(WTERMSIG(status)), where);
    return false;
  }
  if (!progress->finished || progress->in_case) {
    std::printf("the tests ended early, with exit code %d, in: %s\n", WEXITSTATUS(status), where);
    return false;
  }
  if (WEXITSTATUS(status) != 0 && progress->failed == 0) {
    std::printf("the tests exited with code %d after the last one\n", WEXITSTATUS(status));
    return false;
  }
  return true;
}

int summarise(int status) {
  const bool asked_for_tests = progress->started;
  if (!asked_for_tests && WIFEXITED(status)) return WEXITSTATUS(status);  // --list-tests, --help
  // A crash inside a test case has been counted when Catch2 caught the signal.
  if (!ended_well(status) && (progress->failed == 0 || progress->in_case)) ++progress->failed;
  std::printf("%d passed, %d failed", progress->passed.load(), progress->failed.load());
  if (progress->skipped > 0) std::printf(", %d skipped", progress->skipped.load());
  std::printf("\n");
  std::fflush(stdout);
  return progress->failed == 0 && progress->done() > 0 ? 0 : 1;
}

int run_watched(int argc, char** argv) {
  sigset_t child_signal;
  sigset_t before;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_signal, &before);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) {
    std::perror("fork");
    return 1;
  }
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) return 1;
    sigprocmask(SIG_SETMASK, &before, nullptr);
    // A peer that is gone is an error code to the helpers; OpenSSL writes without MSG_NOSIGNAL.
    signal(SIGPIPE, SIG_IGN);
    return run_tests(argc, argv);
  }
  return summarise(watch(child, child_signal));
}

}  // namespace

CATCH_REGISTER_LISTENER(ProgressListener)

int main(int argc, char** argv) {
  void* shared =
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    std::perror("mmap");
    return 1;
  }
  progress = new (shared) Progress;
  const char* fork_wish = std::getenv("SLUICE_TEST_FORK");
  if (fork_wish == nullptr || std::string_view(fork_wish) != "0") return run_watched(argc, argv);
  const int code = run_tests(argc, argv);
  return summarise(code << 8);  // as a wait status
}
