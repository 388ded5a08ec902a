// SPDX-License-Identifier: MIT
#include "proxy/server/retry_later.h"

#include <catch2/catch.hpp>

namespace sluice::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("retry later: what fails is tried again after twice the time, up to a minute",
          "[server]") {
  RetryLater retry;
  net::TimePoint now{seconds(1000)};
  CHECK_FALSE(retry.is_due(now + std::chrono::hours(1)));
  for (const int delay : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    CAPTURE(delay);
    retry.failed("no", now);
    CHECK_FALSE(retry.is_due(now + seconds(delay) - milliseconds(1)));
    now += seconds(delay);
    CHECK(retry.is_due(now));
  }
}

TEST_CASE("retry later: what is wrong is said once", "[server]") {
  RetryLater retry;
  const net::TimePoint now{seconds(1000)};
  CHECK(retry.failed("a", now));
  CHECK_FALSE(retry.failed("a", now));
  CHECK(retry.failed("b", now));
  CHECK(retry.failed("a", now));
}

}  // namespace
}  // namespace sluice::server
