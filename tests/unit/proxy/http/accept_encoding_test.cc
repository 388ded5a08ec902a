// SPDX-License-Identifier: MIT
#include "proxy/http/accept_encoding.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice::http {

TEST_CASE("accept-encoding: which codings a client takes", "[http][accept_encoding]") {
  struct Row {
    const char* field;
    bool gzip;
  };
  const std::vector<Row> rows = {
      {"gzip", true},
      {"GZip", true},
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
  };
  for (const Row& row : rows) {
    CAPTURE(row.field);
    Fields fields;
    fields.add(FieldId::AcceptEncoding, row.field);
    CHECK(accepts_encoding(fields, "gzip") == row.gzip);
  }
  CHECK_FALSE(accepts_encoding(Fields(), "gzip"));
  Fields two;
  two.add(FieldId::AcceptEncoding, "br");
  two.add(FieldId::AcceptEncoding, "gzip");
  CHECK(accepts_encoding(two, "gzip"));
}

}  // namespace sluice::http
