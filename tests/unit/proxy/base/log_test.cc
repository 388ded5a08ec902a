// SPDX-License-Identifier: MIT
#include "proxy/base/log.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

// Collects what is written to the log's descriptor.
struct LogFixture {
  LogFixture() : fd(::open(path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    REQUIRE(fd >= 0);
  }
  ~LogFixture() { ::close(fd); }
  LogFixture(const LogFixture&) = delete;
  LogFixture& operator=(const LogFixture&) = delete;

  std::string path() const { return dir.file("log"); }

  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    std::string text = support::read_file(path());
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      REQUIRE(end != std::string::npos);
      out.push_back(text.substr(0, end));
      text.erase(0, end + 1);
    }
    return out;
  }

  support::TempDir dir;
  int fd;
};

// Whose reader reads when the test says so.
class SlowPipe {
 public:
  SlowPipe() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0); }
  ~SlowPipe() {
    for (const int end : ends_) ::close(end);
  }
  SlowPipe(const SlowPipe&) = delete;
  SlowPipe& operator=(const SlowPipe&) = delete;

  int write_end() const { return ends_[1]; }

  std::string read_all() {
    REQUIRE(::fcntl(ends_[0], F_SETFL, O_NONBLOCK) == 0);
    std::string text;
    std::array<char, 4096> bytes{};
    for (;;) {
      const ssize_t got = ::read(ends_[0], bytes.data(), bytes.size());
      if (got <= 0) return text;
      text.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

// 2026-01-31T23:59:59.999Z with every digit as 0.
std::string shape(std::string_view line) {
  std::string out(line.substr(0, 24));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c >= '0' && c <= '9'; }, '0');
  return out;
}

}  // namespace

TEST_CASE_METHOD(LogFixture, "log: a line has its time, level and text", "[base][log]") {
  const Log log(Log::Level::Debug, fd);
  log.error("pool \"{}\": {} backends", "shop", 3);
  log.warn("w");
  log.info("i");
  log.debug("d {}", 1);
  const std::vector<std::string> written = lines();
  REQUIRE(written.size() == 4);
  for (const std::string& line : written) CHECK(shape(line) == "0000-00-00T00:00:00.000Z");
  CHECK(written[0].substr(24) == " error: pool \"shop\": 3 backends");
  CHECK(written[1].substr(24) == " warning: w");
  CHECK(written[2].substr(24) == " info: i");
  CHECK(written[3].substr(24) == " debug: d 1");
}

TEST_CASE_METHOD(LogFixture, "log: what is below its level is not written", "[base][log]") {
  struct Case {
    Log::Level level;
    std::size_t written;
  };
  std::size_t total = 0;
  for (const Case& c : {Case{Log::Level::Error, 1}, Case{Log::Level::Warn, 2},
                        Case{Log::Level::Info, 3}, Case{Log::Level::Debug, 4}}) {
    const Log log(c.level, fd);
    log.error("x");
    log.warn("x");
    log.info("x");
    log.debug("x");
    total += c.written;
    CHECK(lines().size() == total);
    CHECK(log.enabled(c.level));
  }
}

TEST_CASE_METHOD(LogFixture, "log: lines of several threads do not mix", "[base][log]") {
  const Log log(Log::Level::Info, fd);
  {
    std::vector<std::jthread> threads;
    for (char letter : {'a', 'b', 'c', 'd'}) {
      threads.emplace_back([&log, letter] {
        for (int i = 0; i < 50; ++i) log.info("{}", std::string(200, letter));
      });
    }
  }
  const std::vector<std::string> written = lines();
  CHECK(written.size() == 200);
  for (const std::string& line : written) {
    const std::string text = line.substr(31);
    CHECK(text == std::string(200, text.front()));
  }
}

TEST_CASE("log: one that cannot be written is no harm", "[base][log]") {
  const Log log(Log::Level::Info, -1);
  log.info("nobody reads this");
  CHECK(log.enabled(Log::Level::Info));
}

TEST_CASE("log: nobody waits for a reader that stands still, and what is dropped is told",
          "[base][log]") {
  SlowPipe pipe;
  const Log log(Log::Level::Info, pipe.write_end());
  const std::string much(1000, 'x');
  for (int i = 0; i < 200; ++i) log.info("{} {}", i, much);  // 64 KiB fit
  const std::string before = pipe.read_all();
  CHECK(before.find(" info: 0 x") != std::string::npos);
  CHECK(before.find(" info: 199 x") == std::string::npos);
  CHECK(before.ends_with("x\n"));
  log.info("again");
  const std::string after = pipe.read_all();
  INFO(after);
  CHECK(after.find("lines of this log had no room\n") != std::string::npos);
  CHECK(after.ends_with(" info: again\n"));
  log.info("on");
  CHECK(pipe.read_all().ends_with(" info: on\n"));
}

TEST_CASE("log: a line that a pipe could not take in one piece is cut", "[base][log]") {
  SlowPipe pipe;
  const Log log(Log::Level::Info, pipe.write_end());
  log.info("{}", std::string(2 * PIPE_BUF, 'x'));
  const std::string line = pipe.read_all();
  CHECK(line.size() == PIPE_BUF);
  CHECK(line.ends_with("x\n"));
}

}  // namespace sluice
