// SPDX-License-Identifier: MIT
#include "proxy/exchange/services.h"

#include <catch2/catch.hpp>

#include <set>
#include <string>

namespace sluice::exchange {

TEST_CASE("request ids: hex digits, all of them, and never the same id twice", "[exchange]") {
  RequestIds ids;
  std::set<std::string> seen;
  std::set<char> digits;
  for (int i = 0; i < 1000; ++i) {
    std::string id(RequestIds::kBytes + 1, '.');
    ids.write(id.data());
    CHECK(id.find_first_not_of("0123456789abcdef") == RequestIds::kBytes);
    digits.insert(id.begin(), id.end() - 1);
    seen.insert(id);
  }
  CHECK(seen.size() == 1000);
  CHECK(digits.size() == 16);
}

}  // namespace sluice::exchange
