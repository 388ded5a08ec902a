// SPDX-License-Identifier: MIT
// What one keep-alive request costs, forwarded or answered from the cache, without a clock: heap
// allocations on the worker and system calls.
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/cache_rig.h"
#include "tests/wire/configs.h"

using sluice::support::Process;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;

namespace {

constexpr int kWarmUp = 300;
constexpr int kRequests = 1000;

void send_requests(RawClient& client, int count) {
  for (int i = 0; i < count; ++i) {
    client.send(
        "GET /some/path?with=query HTTP/1.1\r\nHost: www.example\r\nUser-Agent: test/1.0\r\n"
        "Accept: */*\r\nAccept-Encoding: gzip\r\nCookie: a=b; c=d\r\n\r\n");
    if (read_response(client).status != 200) throw sluice::support::Failure("not 200");
  }
}

// The page that count_allocations.so counts in.
class AllocationCount {
 public:
  AllocationCount() : path_(directory_.write("count", std::string(16, '\0'))) {
    const int fd = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    words_ = static_cast<std::atomic<std::uint64_t>*>(
        ::mmap(nullptr, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    ::close(fd);
  }
  ~AllocationCount() { ::munmap(words_, 16); }
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

  sluice::support::ProcessOptions options() const {
    sluice::support::ProcessOptions options;
    options.environment = {
        {"LD_PRELOAD", std::filesystem::path(sluice::support::sluice_binary()).parent_path() /
                           "count_allocations.so"},
        {"SLUICE_COUNT_ALLOCATIONS", path_}};
    return options;
  }
  void start() { words_[0] = 1; }
  std::uint64_t stop() {
    words_[0] = 0;
    return words_[1];
  }

 private:
  TempDir directory_;
  std::string path_;
  std::atomic<std::uint64_t>* words_;
};

// System calls by name, of all threads of a process, between its construction and finish().
class SystemCalls {
 public:
  explicit SystemCalls(pid_t pid)
      : path_(directory_.file("trace")),
        strace_({"strace", "-f", "-q", "-o", path_, "-p", std::to_string(pid)}) {
    // It is there when the kernel names a tracer for every thread.
    const sluice::support::Deadline deadline;
    while (!all_traced(pid)) {
      if (deadline.expired()) throw sluice::support::Failure("strace did not attach");
    }
  }

  std::map<std::string, int> finish() {
    strace_.signal(SIGINT);
    strace_.wait();
    std::map<std::string, int> calls;
    std::ifstream trace(path_);
    for (std::string line; std::getline(trace, line);) {
      const std::size_t name_at = line.find_first_not_of(' ', line.find(' '));
      const std::size_t name_end = line.find('(');
      const bool whole = name_end != std::string::npos && line[name_at] != '<';
      if (whole) ++calls[line.substr(name_at, name_end - name_at)];
    }
    return calls;
  }

 private:
  static bool all_traced(pid_t pid) {
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

  TempDir directory_;
  std::string path_;
  Process strace_;
};

// Nothing else on the way, but for waiting and the writer of the access log.
void check_only_expected(const std::map<std::string, int>& calls) {
  for (const auto& [name, count] : calls) {
    INFO(name << ": " << count);
    const bool expected = name == "recvfrom" || name == "sendmsg" || name == "epoll_wait" ||
                          name == "futex" || name == "write" || name == "writev" ||
                          name == "poll" || name == "restart_syscall" || name == "read" ||
                          name == "clock_nanosleep";
    CHECK((expected || count < kRequests / 100));
  }
}

ScriptedBackend::Script cacheable() {
  return ScriptedBackend::answer(200, std::string(1024, 'x'),
                                 {{"Cache-Control", "max-age=1000"},
                                  {"ETag", "\"v1\""},
                                  {"Vary", "Accept-Encoding"},
                                  {"Content-Type", "text/plain"}});
}

// A root with one small file, for what send_requests() asks for.
class SmallFile {
 public:
  SmallFile() { directory_.write("file.txt", std::string(1024, 'x')); }

  std::string config() const {
    return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
      "access_log": {"format": "json"}, "routes": [{"files": {"root": ")" +
           directory_.path().string() + R"(", "try": "/file.txt"}}]})";
  }

 private:
  TempDir directory_;
};

}  // namespace

TEST_CASE("cost: a forwarded keep-alive request allocates nothing", "[wire][cost]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's allocator is its own");
  ScriptedBackend backend(ScriptedBackend::answer(200, std::string(1024, 'x')));
  AllocationCount count;
  SluiceProcess sluice(sluice::wire::forwarding_to(backend), count.options());
  RawClient client = sluice.connect();
  // The counter counts: a new connection is worth some allocations.
  count.start();
  send_requests(client, kWarmUp);
  const std::uint64_t warm_up = count.stop();
  CHECK(warm_up > 0);
  count.start();
  send_requests(client, kRequests);
  CHECK(count.stop() - warm_up == 0);
}

TEST_CASE("cost: a forwarded keep-alive request is two reads, two writes and no epoll_ctl",
          "[wire][cost]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer makes calls of its own");
  if (!sluice::support::find_program("strace")) sluice::support::skip("no strace");
  ScriptedBackend backend(ScriptedBackend::answer(200, std::string(1024, 'x')));
  SluiceProcess sluice(sluice::wire::forwarding_to(backend));
  RawClient client = sluice.connect();
  send_requests(client, kWarmUp);
  SystemCalls trace(sluice.process().pid());
  send_requests(client, kRequests);
  std::map<std::string, int> calls = trace.finish();
  CHECK(calls["recvfrom"] == 2 * kRequests);
  CHECK(calls["sendmsg"] == 2 * kRequests);
  CHECK(calls["epoll_ctl"] == 0);
  check_only_expected(calls);
}

TEST_CASE("cost: a hit in the cache allocates nothing", "[wire][cost][cache]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's allocator is its own");
  ScriptedBackend backend(cacheable());
  AllocationCount count;
  SluiceProcess sluice(sluice::wire::caching(backend), count.options());
  RawClient client = sluice.connect();
  count.start();
  send_requests(client, kWarmUp);
  const std::uint64_t warm_up = count.stop();
  CHECK(warm_up > 0);
  count.start();
  send_requests(client, kRequests);
  CHECK(count.stop() - warm_up == 0);
  CHECK(backend.request_count() == 1);
}

TEST_CASE("cost: a hit in the cache is one read and one write", "[wire][cost][cache]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer makes calls of its own");
  if (!sluice::support::find_program("strace")) sluice::support::skip("no strace");
  ScriptedBackend backend(cacheable());
  SluiceProcess sluice(sluice::wire::caching(backend));
  RawClient client = sluice.connect();
  send_requests(client, kWarmUp);
  SystemCalls trace(sluice.process().pid());
  send_requests(client, kRequests);
  std::map<std::string, int> calls = trace.finish();
  CHECK(calls["recvfrom"] == kRequests);
  CHECK(calls["sendmsg"] == kRequests);
  CHECK(calls["epoll_ctl"] == 0);
  check_only_expected(calls);
}

// It is looked at again once a second, which costs what it costs: one stretch of requests, and so
// nearly all, are without.
TEST_CASE("cost: a small file that is in memory allocates nothing", "[wire][cost][files]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's allocator is its own");
  constexpr int kStretch = 50;
  const SmallFile file;
  AllocationCount count;
  SluiceProcess sluice(file.config(), count.options());
  RawClient client = sluice.connect();
  count.start();
  send_requests(client, kWarmUp);
  std::uint64_t before = count.stop();
  CHECK(before > 0);
  int without = 0;
  for (int done = 0; done < kRequests; done += kStretch) {
    count.start();
    send_requests(client, kStretch);
    const std::uint64_t after = count.stop();
    without += after == before;
    before = after;
  }
  CHECK(without > 0);
}

TEST_CASE("cost: a small file that is in memory is one read and one write", "[wire][cost][files]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer makes calls of its own");
  if (!sluice::support::find_program("strace")) sluice::support::skip("no strace");
  const SmallFile file;
  SluiceProcess sluice(file.config());
  RawClient client = sluice.connect();
  send_requests(client, kWarmUp);
  SystemCalls trace(sluice.process().pid());
  send_requests(client, kRequests);
  std::map<std::string, int> calls = trace.finish();
  CHECK(calls["recvfrom"] == kRequests);
  CHECK(calls["sendmsg"] == kRequests);
  CHECK(calls["epoll_ctl"] == 0);
  CHECK(calls["openat2"] < kRequests / 10);
  CHECK(calls["pread64"] == 0);  // it has not changed
  // What looking at it again takes.
  for (const char* const name : {"open", "openat", "openat2", "fstat", "newfstatat", "close"}) {
    CHECK(calls[name] < kRequests / 10);
    calls.erase(name);
  }
  check_only_expected(calls);
}
