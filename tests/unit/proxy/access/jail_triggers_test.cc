// SPDX-License-Identifier: MIT
#include "proxy/access/jail_triggers.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/proxy/access/addresses.h"

namespace sluice::access {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TriggerRule kThreeInTen{3, seconds{10}};

Prefix who(const std::string& text) {
  return Prefix::of(cidr(text));
}

// One counter under test, and its clock.
struct CountersRig {
  bool note(milliseconds at, const std::string& text = "192.0.2.1",
            Reason reason = Reason::NotFound, const TriggerRule& rule = kThreeInTen) {
    return counters.note(who(text), reason, rule, noon() + at);
  }

  EventCounters counters{64, 1};
};

TEST_CASE("jail triggers: the event that reaches the count says so, and starts over",
          "[access][jail]") {
  CountersRig rig;
  for (int round = 0; round < 3; ++round) {
    CHECK_FALSE(rig.note(seconds{0}));
    CHECK_FALSE(rig.note(seconds{1}));
    CHECK(rig.note(seconds{2}));
  }
}

TEST_CASE("jail triggers: a count of one is reached at once", "[access][jail]") {
  CountersRig rig;
  CHECK(rig.note(seconds{0}, "::1", Reason::Tls, {1, seconds{10}}));
  CHECK(rig.note(seconds{0}, "::1", Reason::Tls, {1, milliseconds{0}}));
}

TEST_CASE("jail triggers: the half window before counts, older ones do not", "[access][jail]") {
  CountersRig rig;
  CHECK_FALSE(rig.note(seconds{3}));
  CHECK_FALSE(rig.note(seconds{4}));
  CHECK(rig.note(seconds{9}));

  CHECK_FALSE(rig.note(seconds{23}));
  CHECK_FALSE(rig.note(seconds{24}));
  CHECK_FALSE(rig.note(seconds{30}));
  CHECK_FALSE(rig.note(seconds{36}));
  CHECK(rig.note(seconds{37}));
}

TEST_CASE("jail triggers: each address and each reason has its own count", "[access][jail]") {
  CountersRig rig;
  for (const Reason reason : {Reason::NotFound, Reason::Malformed}) {
    for (const char* text : {"192.0.2.1", "192.0.2.2", "2001:db8::/64", "2001:db8::/65"}) {
      CHECK_FALSE(rig.note(seconds{0}, text, reason));
      CHECK_FALSE(rig.note(seconds{0}, text, reason));
    }
  }
  CHECK(rig.note(seconds{1}, "192.0.2.2", Reason::Malformed));
  CHECK(rig.note(seconds{1}, "192.0.2.2", Reason::NotFound));
  CHECK(rig.note(seconds{1}, "2001:db8::/65", Reason::NotFound));
}

TEST_CASE("jail triggers: a clock that is a little behind loses nothing, one set back starts over",
          "[access][jail]") {
  CountersRig rig;
  CHECK_FALSE(rig.note(seconds{5}));
  CHECK_FALSE(rig.note(milliseconds{4990}));
  CHECK(rig.note(seconds{5}));

  CHECK_FALSE(rig.note(seconds{100}));
  CHECK_FALSE(rig.note(seconds{101}));
  CHECK_FALSE(rig.note(seconds{0}));
  CHECK_FALSE(rig.note(seconds{1}));
  CHECK(rig.note(seconds{2}));
}

// For random events: what the header promises, against all events that were.
TEST_CASE("jail triggers: nobody is caught for fewer, everybody for as many in half the window",
          "[access][jail]") {
  std::mt19937_64 random(1);
  int caught = 0;
  for (int round = 0; round < 300; ++round) {
    CountersRig rig;
    const auto count = static_cast<std::uint16_t>(2 + random() % 6);
    const TriggerRule rule{count, milliseconds{1000}};
    std::vector<std::int64_t> events;  // since the last time it was caught
    std::int64_t now = 0;
    for (int i = 0; i < 60; ++i) {
      now += static_cast<std::int64_t>(random() % 250);
      events.push_back(now);
      const auto within = [&events, now](std::int64_t ms) {
        return std::count_if(events.begin(), events.end(),
                             [now, ms](std::int64_t event) { return event > now - ms; });
      };
      if (rig.note(milliseconds{now}, "::1", Reason::Errors, rule)) {
        REQUIRE(within(1000) >= count);
        events.clear();
        ++caught;
      } else {
        REQUIRE(within(500) < count);
      }
    }
  }
  CHECK(caught > 300);
}

TEST_CASE("jail triggers: in a full table, who has been quiet for longest is forgotten",
          "[access][jail]") {
  EventCounters counters(8, 1);
  const auto note = [&counters](int i, milliseconds at) {
    return counters.note(who("192.0.2." + std::to_string(i)), Reason::Tls, {2, seconds{60}},
                         noon() + at);
  };
  for (int i = 0; i < 9; ++i) CHECK_FALSE(note(i, milliseconds{i}));
  for (int i = 1; i < 9; ++i) CHECK(note(i, milliseconds{20}));
  CHECK_FALSE(note(0, milliseconds{21}));
  CHECK(note(0, milliseconds{22}));
}

}  // namespace
}  // namespace sluice::access
