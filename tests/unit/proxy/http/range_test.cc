// SPDX-License-Identifier: MIT
#include "proxy/http/range.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice::http {
namespace {

using Verdict = Ranges::Verdict;

std::string ranges_of(std::string_view field, std::uint64_t size) {
  Ranges ranges;
  switch (ranges.parse(field, size)) {
    case Verdict::Ignored:
      return "ignored";
    case Verdict::Unsatisfiable:
      return "unsatisfiable";
    case Verdict::Satisfiable:
      break;
  }
  std::string out;
  for (const ByteRange& range : ranges.items()) {
    out += std::to_string(range.first) + "-" + std::to_string(range.last) + " ";
  }
  return out;
}

}  // namespace

TEST_CASE("range: what is asked of 1000 bytes", "[http][range]") {
  struct Row {
    const char* field;
    const char* expected;
  };
  const std::vector<Row> rows = {
      {"bytes=0-0", "0-0 "},
      {"bytes=0-499", "0-499 "},
      {"Bytes=500-", "500-999 "},
      {"bytes=-1", "999-999 "},
      {"bytes=-1000", "0-999 "},
      {"bytes=-5000", "0-999 "},
      {"bytes=990-5000", "990-999 "},
      {"bytes=0-99999999999999999999", "0-999 "},
      {"bytes= 1-2 ,\t5-6", "1-2 5-6 "},
      {"bytes=,1-2,,", "1-2 "},
      {"bytes=5-6,1-2", "5-6 1-2 "},
      {"bytes=2000-3000,7-7", "7-7 "},
      {"bytes=1000-", "unsatisfiable"},
      {"bytes=99999999999999999999-", "unsatisfiable"},
      {"bytes=-0", "unsatisfiable"},
      {"bytes=1000-1001,2000-", "unsatisfiable"},
      {"", "ignored"},
      {"bytes=", "ignored"},
      {"bytes=,", "ignored"},
      {"bytes", "ignored"},
      {"bytes 0-1", "ignored"},
      {"bytes =0-1", "ignored"},
      {"items=0-1", "ignored"},
      {"bytes=1", "ignored"},
      {"bytes=2-1", "ignored"},
      {"bytes=a-1", "ignored"},
      {"bytes=1-b", "ignored"},
      {"bytes=1-2-3", "ignored"},
      {"bytes=--1", "ignored"},
      {"bytes=+1-2", "ignored"},
      {"bytes=1 -2", "ignored"},
      {"bytes=0x1-2", "ignored"},
      {"bytes=0-1,x", "ignored"},
      {"bytes=0-,0-", "ignored"},  // more than there is: they overlap
      {"bytes=0-999,999-999", "ignored"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.field);
    CHECK(ranges_of(row.field, 1000) == row.expected);
  }
}

TEST_CASE("range: an empty file has none, and nobody gets more than a few", "[http][range]") {
  CHECK(ranges_of("bytes=0-", 0) == "unsatisfiable");
  CHECK(ranges_of("bytes=-5", 0) == "unsatisfiable");
  std::string field = "bytes=";
  for (std::size_t i = 0; i < Ranges::kMax; ++i)
    field += std::to_string(2 * i) + "-" + std::to_string(2 * i) + ",";
  CHECK(ranges_of(field, 1000) != "ignored");
  CHECK(ranges_of(field + "900-900", 1000) == "ignored");
}

}  // namespace sluice::http
