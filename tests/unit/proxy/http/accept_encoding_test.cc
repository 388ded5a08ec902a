// SPDX-License-Identifier: MIT
#include "proxy/http/accept_encoding.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::http {

bool accepts_gzip(const Fields& fields) {
  constexpr std::array<std::string_view, 1> kGzip = {"gzip"};
  return choose_encoding(fields, kGzip) == 0;
}

TEST_CASE("accept-encoding: which codings a client takes", "[http][accept_encoding]") {
  struct Row {
    const char* field;
    bool gzip;
  };
  const std::vector<Row> rows = {
      {"gzip", true},
      {"GZip", true},
      {"X-GZip;q=0.5", true},
      {"x-gzip;q=0, *", false},
      {"br, gzip", true},
      {"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
      {"gzip; q=0.001", true},
      {"gzip ;Q=1", true},
      {"*", true},
      {"*;q=0.5", true},
      {"", false},
      {"br", false},
      {"xgzip", false},
      {"gzip;q=0", false},
      {"gzip;q=0.000", false},
      {"*, gzip;q=0", false},
      {"gzip;q=0, *", false},
      {"*;q=0", false},
      {"identity", false},
      {"gzip;q=x", false},
      {"gzip;level=1", false},
      {"gzip;q=", false},
      {"gzip;q=1.", true},
      {"gzip;q=1.000", true},
      {"gzip;q=1.001", false},
      {"gzip;q=1.5", false},
      {"gzip;q=1x", false},
      {"gzip;q=10", false},
      {"gzip;q=2", false},
      {"gzip;q=-1", false},
      {"gzip;q=.5", false},
      {"gzip;q=0.1234", false},
      {"gzip;q=1.0000", false},
      {"gzip;q=0.5;q=1", false},
      {"*;q=1.5", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.field);
    Fields fields;
    fields.add(FieldId::AcceptEncoding, row.field);
    CHECK(accepts_gzip(fields) == row.gzip);
  }
  CHECK_FALSE(accepts_gzip(Fields()));
  Fields two;
  two.add(FieldId::AcceptEncoding, "br");
  two.add(FieldId::AcceptEncoding, "gzip");
  CHECK(accepts_gzip(two));
}

TEST_CASE("accept-encoding: the heaviest coding is chosen, and of equals the server's first",
          "[http][accept_encoding]") {
  struct Row {
    const char* field;
    std::string_view chosen;  // empty: none
  };
  constexpr std::array<std::string_view, 3> kCodings = {"br", "zstd", "gzip"};
  const std::vector<Row> rows = {
      {"gzip, deflate, br, zstd", "br"},
      {"gzip, deflate, zstd", "zstd"},
      {"gzip", "gzip"},
      {"deflate", ""},
      {"", ""},
      {"*", "br"},
      {"br;q=0, *", "zstd"},
      {"*;q=0", ""},
      {"gzip;q=1.0, br;q=0.9", "gzip"},
      {"gzip;q=0.5, br;q=0.500, zstd;q=0.5", "br"},
      {"gzip;q=0.501, br;q=0.5", "gzip"},
      {"gzip;q=0.001", "gzip"},
      {"br;q=0.2, *;q=0.7", "zstd"},
      {"gzip, br;q=0", "gzip"},
      {"br;q=0, br", ""},
      {"br;q=x, gzip;q=0.1", "gzip"},
      {"br;q=0.x, gzip;q=0.1", "gzip"},
      {"identity, gzip", "gzip"},
      {"identity;q=1, gzip;q=0.5", ""},
      {"identity;q=0.5, gzip;q=0.5", "gzip"},
      {"identity;q=0, gzip;q=0.1", "gzip"},
      {"identity;q=0", ""},
      {"*;q=1, gzip;q=0.5", "br"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.field);
    Fields fields;
    fields.add(FieldId::AcceptEncoding, row.field);
    const std::size_t chosen = choose_encoding(fields, kCodings);
    CHECK((chosen < kCodings.size() ? kCodings[chosen] : "") == row.chosen);
  }
  CHECK(choose_encoding(Fields(), kCodings) == kCodings.size());
  Fields any;
  any.add(FieldId::AcceptEncoding, "*");
  CHECK(choose_encoding(any, {}) == 0);
}

TEST_CASE("accept-encoding: all that are taken come by weight, and of equals in the server's order",
          "[http][accept_encoding]") {
  constexpr std::array<std::string_view, 3> kCodings = {"br", "zstd", "gzip"};
  using Indices = std::vector<std::size_t>;
  const std::vector<std::pair<const char*, Indices>> rows = {
      {"gzip, br, zstd", {0, 1, 2}},
      {"gzip;q=1, br;q=0.1", {2, 0}},
      {"br;q=0.1, zstd;q=0.2, gzip;q=0.3", {2, 1, 0}},
      {"br;q=0.5, gzip;q=0.5, zstd", {1, 0, 2}},
      {"identity;q=1, gzip;q=0.2", {}},
      {"identity;q=0.5, gzip;q=0.2, br;q=0.5", {0}},
      {"br;q=0, *;q=0.1", {1, 2}},
      {"", {}},
  };
  for (const auto& [field, expected] : rows) {
    CAPTURE(field);
    Fields fields;
    fields.add(FieldId::AcceptEncoding, field);
    const EncodingRanks ranks(fields, kCodings);
    CHECK(Indices(ranks.indices().begin(), ranks.indices().end()) == expected);
  }
}

}  // namespace sluice::http
