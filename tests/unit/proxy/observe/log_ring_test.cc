// SPDX-License-Identifier: MIT
#include "proxy/observe/log_ring.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "proxy/observe/log_wake.h"

namespace sluice::observe {
namespace {

std::string text_of(const LogBytes& bytes) {
  return std::string(bytes.first).append(bytes.second);
}

// Takes out all there is.
std::string drain(LogRing& ring) {
  const LogBytes bytes = ring.readable();
  std::string text = text_of(bytes);
  ring.consume(bytes.size());
  return text;
}

// Lines of many lengths.
std::string numbered(int i) {
  return std::to_string(i) + std::string(static_cast<std::size_t>(i % 97), '.');
}

bool was_roused(LogWake& wake) {
  return wake.wait(-1, std::chrono::milliseconds(0));
}

TEST_CASE("log ring: lines come out in order, around its end too") {
  LogWake wake;
  LogRing ring(wake, 16);
  CHECK(ring.empty());
  CHECK(drain(ring).empty());
  REQUIRE(ring.push("0123456789\n"));
  CHECK_FALSE(ring.empty());
  CHECK(drain(ring) == "0123456789\n");
  REQUIRE(ring.push("abcde\n"));
  REQUIRE(ring.push("fgh\n"));
  const LogBytes bytes = ring.readable();
  CHECK(bytes.first == "abcde");
  CHECK(bytes.second == "\nfgh\n");
  CHECK(bytes[4] == 'e');
  CHECK(bytes[5] == '\n');
  CHECK(drain(ring) == "abcde\nfgh\n");
  CHECK(ring.empty());
}

TEST_CASE("log ring: a line that does not fit is dropped and counted") {
  LogWake wake;
  LogRing ring(wake, 16);
  CHECK_FALSE(ring.push("0123456789abcdef\n"));
  CHECK(ring.dropped() == 1);
  CHECK(ring.empty());
  CHECK(ring.push("0123456\n"));
  CHECK(ring.push("89abcde\n"));  // full to the last byte
  CHECK_FALSE(ring.push("\n"));
  CHECK(ring.dropped() == 2);
  ring.consume(1);
  CHECK(ring.push("\n"));
  CHECK(drain(ring) == "123456\n89abcde\n\n");
  CHECK(ring.dropped() == 2);
}

TEST_CASE("log bytes: whole lines are cut from the front") {
  struct Row {
    LogBytes bytes;
    std::size_t bytes_max;
    std::string expected;
  };
  const Row rows[] = {
      {{"", ""}, 10, ""},
      {{"a\nb\n", ""}, 4, "a\nb\n"},
      {{"a\nb\n", ""}, 3, "a\n"},
      {{"a\nb\n", ""}, 2, "a\n"},
      {{"a\nb\n", ""}, 1, "a\n"},
      {{"abc\nd\n", ""}, 2, "abc\n"},
      {{"abc\nd\n", ""}, 0, "abc\n"},
      {{"a\nb", "c\nd\n"}, 3, "a\n"},
      {{"a\nb", "c\nd\n"}, 5, "a\nbc\n"},
      {{"a\nb", "c\nd\n"}, 6, "a\nbc\n"},
      {{"ab", "c\nd\n"}, 2, "abc\n"},
      {{"ab", "c\nd\n"}, 1, "abc\n"},
      {{"ab", "c\n"}, 3, "abc\n"},
      {{"ab", "\nd\n"}, 3, "ab\n"},
  };
  for (const Row& row : rows) {
    INFO(text_of(row.bytes) << " within " << row.bytes_max);
    CHECK(text_of(row.bytes.whole_lines(row.bytes_max)) == row.expected);
  }
}

TEST_CASE("log ring: the writer is roused when it is parked or the ring half full, else never") {
  LogWake wake;
  LogRing ring(wake, 64);
  REQUIRE(ring.push("not parked\n"));
  CHECK_FALSE(was_roused(wake));

  wake.park();
  REQUIRE(ring.push("parked\n"));
  CHECK(was_roused(wake));
  REQUIRE(ring.push("no more\n"));  // one call is enough
  CHECK_FALSE(was_roused(wake));
  drain(ring);

  wake.park();
  wake.unpark();
  REQUIRE(ring.push(std::string(31, 'x') + "\n"));
  CHECK_FALSE(was_roused(wake));
  REQUIRE(ring.push("beyond the half\n"));
  CHECK(was_roused(wake));
  REQUIRE(ring.push("further\n"));
  CHECK_FALSE(was_roused(wake));
}

TEST_CASE("log ring: two threads pass lines without loss, tearing or disorder") {
  constexpr int kLines = 200'000;
  LogWake wake;
  LogRing ring(wake, 4096);
  std::atomic<bool> failed{false};
  std::thread producer([&ring, &failed] {
    for (int i = 0; i < kLines; ++i) {
      const std::string line = numbered(i) + "\n";
      while (!ring.push(line) && !failed) std::this_thread::yield();
    }
  });
  std::string text;
  int next = 0;
  bool in_order = true;
  while (next < kLines && in_order) {
    text = drain(ring);
    if (text.empty()) {
      std::this_thread::yield();
      continue;
    }
    in_order = text.back() == '\n';  // a line is published as a whole
    for (std::size_t at = 0; at < text.size() && in_order; ++next) {
      const std::size_t end = text.find('\n', at);
      in_order = std::string_view(text).substr(at, end - at) == numbered(next);
      at = end + 1;
    }
  }
  CHECK(in_order);
  CHECK(next == kLines);
  failed = !in_order;
  producer.join();
}

}  // namespace
}  // namespace sluice::observe
