// SPDX-License-Identifier: MIT
#include "tests/support/test_children.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace sluice::support {

bool TestChild::start(const RunPart& run, const sigset_t& mask) {
  if (part_.count > 1) output_ = memfd_create("output", MFD_CLOEXEC);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ != 0) return pid_ > 0;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  // A peer that is gone is an error code to the helpers; OpenSSL writes without MSG_NOSIGNAL.
  signal(SIGPIPE, SIG_IGN);
  if (output_ >= 0) dup2(output_, STDOUT_FILENO);
  std::exit(run(part_, progress_));
}

void TestChild::run_here(const RunPart& run) {
  status_ = run(part_, progress_) << 8;
  ended_ = true;
}

void TestChild::look(int limit) {
  if (ended_) return;
  ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
  if (ended_) return;
  if (progress_.done() != done_before_) {
    done_before_ = progress_.done();
    idle_seconds_ = 0;
  }
  ++idle_seconds_;
  if (limit > 0 && idle_seconds_ == limit) {
    std::fprintf(stderr, "no progress for %d s in \"%s\"\n", limit, progress_.name);
    kill(pid_, SIGABRT);
  }
  if (limit > 0 && idle_seconds_ == limit + 10) kill(pid_, SIGKILL);
}

int TestChild::exit_code() const {
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
}

void TestChild::judge_end() {
  // A crash inside a test case has been counted when Catch2 caught the signal.
  if (!ended_well() && (progress_.failed == 0 || progress_.in_case)) ++progress_.failed;
}

void TestChild::print_output() const {
  if (output_ < 0) return;
  std::array<char, 4096> bytes{};
  off_t offset = 0;
  for (;;) {
    const ssize_t got = pread(output_, bytes.data(), bytes.size(), offset);
    if (got <= 0) return;
    std::fwrite(bytes.data(), 1, static_cast<std::size_t>(got), stdout);
    offset += got;
  }
}

bool TestChild::ended_well() const {
  const char* where = progress_.name[0] == 0 ? "no test case" : progress_.name;
  if (WIFSIGNALED(status_)) {
    const int signal_number = WTERMSIG(status_);
    std::printf("the tests died of signal %d (%s) in: %s\n", signal_number,
                strsignal(signal_number), where);
    return false;
  }
  if (!progress_.finished || progress_.in_case) {
    std::printf("the tests ended early, with exit code %d, in: %s\n", exit_code(), where);
    return false;
  }
  if (exit_code() != 0 && progress_.failed == 0) {
    std::printf("the tests exited with code %d after the last one\n", exit_code());
    return false;
  }
  return true;
}

bool run_watched(std::span<TestChild> children, const RunPart& run, int limit) {
  sigset_t child_signal;
  sigset_t before;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_signal, &before);
  for (TestChild& child : children) {
    if (child.start(run, before)) continue;
    std::perror("fork");
    return false;
  }
  for (;;) {
    for (TestChild& child : children) child.look(limit);
    if (std::ranges::all_of(children, &TestChild::ended)) return true;
    const timespec second{1, 0};
    sigtimedwait(&child_signal, nullptr, &second);
  }
}

int summarise(std::span<TestChild> children) {
  const auto started = [](const TestChild& child) { return child.progress().started.load(); };
  const TestChild& first = children.front();
  if (std::ranges::none_of(children, started) && first.exit_code() >= 0) {
    first.print_output();  // --list-tests, --help
    return first.exit_code();
  }
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  for (TestChild& child : children) {
    child.print_output();
    child.judge_end();
    passed += child.progress().passed;
    failed += child.progress().failed;
    skipped += child.progress().skipped;
  }
  std::printf("%d passed, %d failed", passed, failed);
  if (skipped > 0) std::printf(", %d skipped", skipped);
  std::printf("\n");
  std::fflush(stdout);
  return failed == 0 && passed + skipped > 0 ? 0 : 1;
}

}  // namespace sluice::support
