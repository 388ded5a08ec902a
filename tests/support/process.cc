// SPDX-License-Identifier: MIT
#include "tests/support/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "tests/support/connection.h"

namespace sluice::support {
namespace {

std::size_t index_of(Stream stream) {
  return stream == Stream::Out ? 0 : 1;
}

// Everything that the child needs, laid out before the fork: after it, only async-signal-safe calls
// are allowed.
struct Launch {
  std::vector<char*> arguments;
  std::vector<std::string> environment_text;
  std::vector<char*> environment;
  const char* directory = nullptr;
  int out = -1;
  int err = -1;
  int failure = -1;  // where errno goes when exec fails
  pid_t parent = 0;
};

void add_environment(Launch& launch, const ProcessOptions& options) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& added : options.environment) replaced = replaced || added.first == name;
    if (!replaced) launch.environment_text.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) {
    launch.environment_text.push_back(fmt::format("{}={}", name, value));
  }
  for (std::string& entry : launch.environment_text) launch.environment.push_back(entry.data());
  launch.environment.push_back(nullptr);
}

[[noreturn]] void become(const Launch& launch) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(127);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(launch.out, STDOUT_FILENO);
  ::dup2(launch.err, STDERR_FILENO);
  if (launch.directory == nullptr || ::chdir(launch.directory) == 0) {
    ::execvpe(launch.arguments[0], launch.arguments.data(), launch.environment.data());
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(launch.failure, &error, sizeof error);
  ::_exit(127);
}

struct Pipe {
  int ends[2] = {-1, -1};

  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Failure(std::string("pipe: ") + errno_text());
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void close_end(int which) {
    if (ends[which] >= 0) ::close(std::exchange(ends[which], -1));
  }
  int release(int which) { return std::exchange(ends[which], -1); }
};

// Starts the program, or throws with the reason why it could not be.
pid_t start(Launch& launch, Pipe& failure) {
  launch.failure = failure.ends[1];
  launch.parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw Failure(std::string("fork: ") + errno_text());
  if (pid == 0) become(launch);
  failure.close_end(1);
  int error = 0;
  // The pipe closes without a word when exec succeeds.
  if (::read(failure.ends[0], &error, sizeof error) != sizeof error) return pid;
  ::waitpid(pid, nullptr, 0);
  throw Failure(fmt::format("cannot run {}: {}", launch.arguments[0], errno_text(error)));
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  Pipe out;
  Pipe err;
  Pipe failure;
  std::vector<std::string> copies = options.runner;
  copies.insert(copies.end(), arguments.begin(), arguments.end());
  Launch launch;
  for (std::string& argument : copies) launch.arguments.push_back(argument.data());
  launch.arguments.push_back(nullptr);
  add_environment(launch, options);
  if (!options.directory.empty()) launch.directory = options.directory.c_str();
  launch.out = out.ends[1];
  launch.err = err.ends[1];
  pid_ = start(launch, failure);
  pipes_[0] = out.release(0);
  pipes_[1] = err.release(0);
  stop_fd_ = ::eventfd(0, EFD_CLOEXEC);
  reader_ = std::thread([this] { read_output(); });
  waiter_ = std::thread([this] { await_end(); });
}

Process::~Process() {
  {
    const std::lock_guard lock(mutex_);
    // The group outlives its first process where that left children behind.
    ::kill(-pid_, SIGKILL);
  }
  waiter_.join();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_fd_, &one, sizeof one);
  reader_.join();
  ::close(pipes_[0]);
  ::close(pipes_[1]);
  ::close(stop_fd_);
}

void Process::read_output() {
  pollfd polled[3] = {{pipes_[0], POLLIN, 0}, {pipes_[1], POLLIN, 0}, {stop_fd_, POLLIN, 0}};
  std::vector<char> bytes(64 * 1024);
  while ((polled[0].fd >= 0 || polled[1].fd >= 0) && polled[2].revents == 0) {
    if (::poll(polled, 3, -1) < 0) continue;
    for (std::size_t i = 0; i < 2; ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      const ssize_t got = ::read(polled[i].fd, bytes.data(), bytes.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        polled[i].fd = -1;
        continue;
      }
      const std::lock_guard lock(mutex_);
      outputs_[i].append(bytes.data(), static_cast<std::size_t>(got));
      changed_.notify_all();
    }
  }
  const std::lock_guard lock(mutex_);
  output_ended_ = true;
  changed_.notify_all();
}

void Process::await_end() {
  // First without reaping, so that the number stays ours until the lock is held.
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0) {
    if (errno != EINTR) return;
  }
  const std::lock_guard lock(mutex_);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  reaped_ = true;
  status_ =
      WIFSIGNALED(status) ? ExitStatus{-1, WTERMSIG(status)} : ExitStatus{WEXITSTATUS(status), 0};
  changed_.notify_all();
}

std::string Process::output(Stream stream) const {
  const std::lock_guard lock(mutex_);
  return outputs_[index_of(stream)];
}

void Process::fail_waiting(std::string_view text) const {
  std::string state = "which still runs";
  if (status_ && status_->signal != 0) state = fmt::format("ended by signal {}", status_->signal);
  if (status_ && status_->signal == 0) state = fmt::format("exited with {}", status_->code);
  throw Failure(fmt::format("waited in vain for {} of process {}, {}\nstdout: {}\nstderr: {}", text,
                            pid_, state, outputs_[0], outputs_[1]));
}

std::size_t Process::wait_for(Stream stream, std::string_view text, std::size_t from,
                              Deadline deadline) {
  std::unique_lock lock(mutex_);
  const std::string& output = outputs_[index_of(stream)];
  std::size_t found = std::string::npos;
  changed_.wait_until(lock, deadline.end(), [&] {
    found = output.find(text, from);
    // Either may come first: the end of the output, or that of the program.
    return found != std::string::npos || (output_ended_ && status_);
  });
  if (found == std::string::npos) fail_waiting(printable(text));
  return found + text.size();
}

void Process::signal(int number) {
  const std::lock_guard lock(mutex_);
  if (!reaped_) ::kill(pid_, number);
}

bool Process::running() const {
  const std::lock_guard lock(mutex_);
  return !status_.has_value();
}

ExitStatus Process::wait(Deadline deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline.end(), [&] { return status_ && output_ended_; });
  // Children that it left behind may hold the pipes open; its own end is what counts.
  if (!status_) fail_waiting("the end");
  return *status_;
}

Finished run_program(const std::vector<std::string>& arguments, const ProcessOptions& options,
                     Deadline deadline) {
  Process process(arguments, options);
  const ExitStatus status = process.wait(deadline);
  return {status, process.output(Stream::Out), process.output(Stream::Err)};
}

}  // namespace sluice::support
