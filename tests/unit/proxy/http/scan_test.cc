// SPDX-License-Identifier: MIT
#include "proxy/http/scan.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "tests/unit/proxy/http/head_rows.h"

namespace sluice::http::scan {
namespace {

// For every length up to some vectors, every byte at every place: the fast scan must stop where the
// class table stops. The rest is filled with an allowed byte.
template <typename Fast>
void check_against_table(std::uint8_t classes, Fast&& fast) {
  for (std::size_t size = 0; size <= 100; ++size) {
    const rows::Exact all(std::string(size, 'a'));
    const char* const begin = all.view().data();
    REQUIRE(fast(begin, begin + size) == begin + size);
  }
  for (const std::size_t size : {1U, 15U, 16U, 17U, 31U, 32U, 48U, 49U, 80U, 97U}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        const rows::Exact exact(text);
        const char* const begin = exact.view().data();
        const char* const expected = skip_class(begin, begin + size, classes);
        if (fast(begin, begin + size) != expected) {
          FAIL("size " << size << ", byte " << byte << " at " << at);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("scan: the vector scans agree with the class table", "[http][scan]") {
  check_against_table(char_class::kValue, skip_value);
  check_against_table(char_class::kTarget, skip_target);
  check_against_table(char_class::kToken, skip_token);
  check_against_table(char_class::kValue, kSkipLongValue);
  check_against_table(char_class::kTarget, kSkipLongTarget);
}

TEST_CASE("scan: the classes are those of the RFCs", "[http][scan]") {
  std::string token;
  std::string unreserved;
  for (int c = 1; c < 128; ++c) {
    if (is_class(static_cast<char>(c), char_class::kToken)) token += static_cast<char>(c);
    if (is_class(static_cast<char>(c), char_class::kUnreserved)) unreserved += static_cast<char>(c);
  }
  const std::string digits = "0123456789";
  const std::string upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const std::string lower = "abcdefghijklmnopqrstuvwxyz";
  CHECK(token == "!#$%&'*+-." + digits + upper + "^_`" + lower + "|~");
  CHECK(unreserved == "-." + digits + upper + "_" + lower + "~");
  for (int c = 128; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    CHECK_FALSE(is_class(byte, static_cast<std::uint8_t>(~char_class::kValue)));
    CHECK(is_class(byte, char_class::kValue));
  }
}

}  // namespace sluice::http::scan
