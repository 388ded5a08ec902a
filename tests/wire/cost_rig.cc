// SPDX-License-Identifier: MIT
#include "tests/wire/cost_rig.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/deadline.h"
#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/skip.h"

namespace sluice::wire {

namespace {

constexpr std::size_t kPageBytes = 24;

bool all_traced(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::ifstream status(task.path() / "status");
    int tracer = 0;
    for (std::string word; status >> word;) {
      if (word == "TracerPid:") status >> tracer;
    }
    if (tracer == 0) return false;
  }
  return true;
}

std::set<std::string> workers_of(pid_t pid) {
  std::set<std::string> workers;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm") >> std::ws, name);
    if (name == "sluice-worker") workers.insert(task.path().filename());
  }
  if (workers.empty()) throw support::Failure("no worker is named so");
  return workers;
}

// One piece or several: it is one packet either way.
std::string common_name(const std::string& call) {
  return call == "sendto" || call == "sendmsg" ? "send" : call;
}

}  // namespace

void send_requests(support::RawClient& client, int count, int status) {
  for (int i = 0; i < count; ++i) {
    client.send(
        "GET /some/path?with=query HTTP/1.1\r\nHost: www.example\r\nUser-Agent: test/1.0\r\n"
        "Accept: */*\r\nAccept-Encoding: gzip\r\nCookie: a=b; c=d\r\n\r\n");
    const int got = support::read_response(client).status;
    if (got != status) throw support::Failure("status " + std::to_string(got));
  }
}

support::ScriptedBackend::Script cacheable() {
  return support::ScriptedBackend::answer(200, std::string(1024, 'x'),
                                          {{"Cache-Control", "max-age=1000"},
                                           {"ETag", "\"v1\""},
                                           {"Vary", "Accept-Encoding"},
                                           {"Content-Type", "text/plain"}});
}

AllocationCount::AllocationCount()
    : path_(directory_.write("count", std::string(kPageBytes, '\0'))) {
  const int fd = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  words_ = static_cast<std::atomic<std::uint64_t>*>(
      ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  ::close(fd);
}

AllocationCount::~AllocationCount() {
  ::munmap(words_, kPageBytes);
}

support::ProcessOptions AllocationCount::options() const {
  support::ProcessOptions options;
  options.environment = {{"LD_PRELOAD", support::beside_sluice("count_allocations.so")},
                         {"SLUICE_COUNT_ALLOCATIONS", path_}};
  return options;
}

std::uint64_t AllocationCount::stop() {
  words_[0] = 0;
  if (words_[2] == 0) throw support::Failure("allocations are not counted");
  return words_[1];
}

void check_no_allocation(AllocationCount& count, support::RawClient& client, int status) {
  count.start();
  send_requests(client, kWarmUp, status);
  const std::uint64_t warm_up = count.stop();
  count.start();
  send_requests(client, kRequests, status);
  CHECK(count.stop() - warm_up == 0);
}

SystemCalls::SystemCalls(pid_t pid)
    : path_(directory_.file("trace")),
      workers_(workers_of(pid)),
      strace_({"strace", "-f", "-q", "-o", path_, "-p", std::to_string(pid)}) {
  // It is there when the kernel names a tracer for every thread.
  const support::Deadline deadline;
  while (!all_traced(pid)) {
    if (deadline.expired()) throw support::Failure("strace did not attach");
  }
}

std::map<std::string, int> SystemCalls::finish() {
  strace_.signal(SIGINT);
  strace_.wait();
  std::map<std::string, int> calls;
  std::ifstream trace(path_);
  for (std::string line; std::getline(trace, line);) {
    if (workers_.count(line.substr(0, line.find(' '))) == 0) continue;
    const std::size_t name_at = line.find_first_not_of(' ', line.find(' '));
    const std::size_t name_end = line.find('(');
    const bool whole = name_end != std::string::npos && line[name_at] != '<';
    if (whole) ++calls[common_name(line.substr(name_at, name_end - name_at))];
  }
  return calls;
}

void skip_unless_traced() {
  if (support::kSanitized) support::skip("a sanitizer makes calls of its own");
  if (!support::find_program("strace")) support::skip("no strace");
}

std::map<std::string, int> calls_of(support::SluiceProcess& sluice, support::RawClient& client,
                                    int status) {
  send_requests(client, kWarmUp, status);
  SystemCalls trace(sluice.process().pid());
  send_requests(client, kRequests, status);
  return trace.finish();
}

void check_only_expected(const std::map<std::string, int>& calls) {
  for (const auto& [name, count] : calls) {
    INFO(name << ": " << count);
    const bool expected = name == "recvfrom" || name == "send" || name == "epoll_wait";
    CHECK((expected || count < kRequests / 100));
  }
}

}  // namespace sluice::wire
