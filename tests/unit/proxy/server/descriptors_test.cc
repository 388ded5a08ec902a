// SPDX-License-Identifier: MIT
#include "proxy/server/descriptors.h"

#include <catch2/catch.hpp>

namespace sluice::server {
namespace {

TEST_CASE("descriptors: clients leave as many for backends, and some for the process", "[server]") {
  for (const std::size_t descriptors : {64U, 256U, 1024U, 20'000U, 1'048'576U}) {
    for (const std::size_t workers : {1U, 2U, 64U}) {
      CAPTURE(descriptors, workers);
      const std::size_t sessions = sessions_by_descriptors(descriptors, workers);
      CHECK(sessions >= 1);
      if (sessions > 1) CHECK(2 * workers * sessions < descriptors);
    }
  }
  CHECK(sessions_by_descriptors(20'000, 2) == 4'968);
  CHECK(sessions_by_descriptors(1'048'576, 1) > 500'000);
}

}  // namespace
}  // namespace sluice::server
