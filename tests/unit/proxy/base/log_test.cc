// SPDX-License-Identifier: MIT
#include "proxy/base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

// Collects what is written to the log's descriptor.
struct Fixture {
  Fixture() : fd(::open(path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    REQUIRE(fd >= 0);
  }
  ~Fixture() { ::close(fd); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

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

// 2026-01-31T23:59:59.999Z with every digit as 0.
std::string shape(std::string_view line) {
  std::string out(line.substr(0, 24));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c >= '0' && c <= '9'; }, '0');
  return out;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "log: a line has its time, level and text", "[base][log]") {
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

TEST_CASE_METHOD(Fixture, "log: what is below its level is not written", "[base][log]") {
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

TEST_CASE_METHOD(Fixture, "log: lines of several threads do not mix", "[base][log]") {
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

}  // namespace sluice
