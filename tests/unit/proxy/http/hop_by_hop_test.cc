// SPDX-License-Identifier: MIT
#include "proxy/http/hop_by_hop.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "proxy/http/message.h"
#include "tests/unit/proxy/http/pairs.h"

namespace sluice::http {
namespace {

std::string names(const Fields& fields) {
  std::string out;
  for (const Field& field : fields) out += std::string(field.name) + ' ';
  return out;
}

struct HopRow {
  Pairs fields;
  std::string_view left;
};

}  // namespace

TEST_CASE("hop by hop: fields of the connection are removed, all others stay",
          "[http][hop_by_hop]") {
  const HopRow rows[] = {
      {{}, ""},
      {{{"A", "b"}}, "A "},
      {{{"Host", "h"}, {"connection", "close"}, {"A", "b"}}, "Host A "},
      {{{"Keep-Alive", "5"}, {"Proxy-Connection", "close"}, {"A", "b"}}, "A "},
      {{{"TE", "trailers"}, {"Trailer", "A"}, {"Transfer-Encoding", "chunked"}}, "Trailer "},
      {{{"Upgrade", "h2c"}, {"HTTP2-Settings", "x"}, {"A", "b"}}, "A "},
      {{{"Proxy-Authorization", "x"}, {"Authorization", "y"}}, "Authorization "},
      {{{"Proxy-Authenticate", "x"}, {"WWW-Authenticate", "y"}}, "WWW-Authenticate "},
      {{{"Proxy-Authentication-Info", "x"}, {"Content-Length", "5"}}, "Content-Length "},
  };
  for (const HopRow& row : rows) {
    Fields fields = fields_of(row.fields);
    strip_hop_by_hop(fields);
    CHECK(names(fields) == row.left);
  }
}

TEST_CASE("hop by hop: Connection takes away what it names, in all its fields",
          "[http][hop_by_hop]") {
  const HopRow rows[] = {
      {{{"Connection", "x-a"}, {"X-A", "1"}, {"X-B", "2"}, {"x-a", "3"}}, "X-B "},
      {{{"X-A", "1"}, {"Connection", "close, X-A"}, {"X-B", "2"}}, "X-B "},
      {{{"X-A", "1"}, {"Connection", "X-B"}, {"X-B", "2"}, {"Connection", ", x-a ,"}}, ""},
      {{{"Connection", "X"}, {"X-A", "1"}}, "X-A "},
      {{{"Connection", "X-A X-B"}, {"X-A", "1"}}, "X-A "},
      {{{"Proxy-Connection", "X-A"}, {"X-A", "1"}}, "X-A "},
  };
  for (const HopRow& row : rows) {
    Fields fields = fields_of(row.fields);
    strip_hop_by_hop(fields);
    CHECK(names(fields) == row.left);
  }
}

TEST_CASE("hop by hop: Connection cannot take away what is known to be for others",
          "[http][hop_by_hop]") {
  for (std::size_t i = 1; i < kFieldIds; ++i) {
    const std::string_view name = field_name(static_cast<FieldId>(i));
    Fields alone = fields_of({{name, "v"}});
    strip_hop_by_hop(alone);
    Fields named = fields_of({{"Connection", name}, {name, "v"}});
    strip_hop_by_hop(named);
    INFO(std::string(name));
    CHECK(names(named) == names(alone));
  }
  Fields fields = fields_of({{"Connection", "host, x-forwarded-for, content-length, cookie"},
                             {"Host", "h"},
                             {"X-Forwarded-For", "1.2.3.4"},
                             {"Content-Length", "5"},
                             {"Cookie", "a=b"}});
  strip_hop_by_hop(fields);
  CHECK(fields.size() == 4);
}

TEST_CASE("hop by hop: as many options are followed as the parsers let through",
          "[http][hop_by_hop]") {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < kMaxConnectionOptions; ++i) all.push_back("x" + std::to_string(i));
  std::string options = all.front();
  for (std::size_t i = 1; i < all.size(); ++i) options += ',' + all[i];
  Fields fields;
  fields.add("Connection", options);
  for (const std::string& name : all) fields.add(name, "v");
  strip_hop_by_hop(fields);
  CHECK(fields.empty());
}

TEST_CASE("hop by hop: names that a backend could fold into another are dropped",
          "[http][hop_by_hop]") {
  const Pairs sent = {{"X_Forwarded_For", "1"},
                      {"X.User", "2"},
                      {"X-User", "3"},
                      {"Content_Length", "4"},
                      {"_", "5"},
                      {"Keep_Me", "6"},
                      {"Host", "h"}};
  Fields fields = fields_of(sent);
  drop_ambiguous_names(fields);
  CHECK(names(fields) == "X-User Host ");
  fields = fields_of(sent);
  const std::vector<std::string> allowed = {"keep_me"};
  drop_ambiguous_names(fields, allowed);
  CHECK(names(fields) == "X-User Keep_Me Host ");
}

TEST_CASE("hop by hop: names fold alike with '-', '_' and '.' for each other, in any case",
          "[http][hop_by_hop]") {
  for (const char* other : {"x-a-b", "X_A_B", "x.A-b", "X-A.B"}) {
    CHECK(folds_alike("X-A_b", other));
  }
  for (const char* other : {"x-a-", "x-a-bc", "x+a-b", "xa-b", "", "x--a-b"}) {
    CHECK_FALSE(folds_alike("X-A_b", other));
  }
  CHECK(folds_alike("", ""));
}

TEST_CASE("hop by hop: no known field but ETag passes behind a body", "[http][hop_by_hop]") {
  CHECK(allowed_in_trailers(FieldId::Other));
  CHECK(allowed_in_trailers(FieldId::ETag));
  for (const FieldId id : {FieldId::Host, FieldId::ContentLength, FieldId::TransferEncoding,
                           FieldId::Authorization, FieldId::SetCookie, FieldId::XForwardedFor,
                           FieldId::ContentType, FieldId::CacheControl, FieldId::Trailer}) {
    CHECK_FALSE(allowed_in_trailers(id));
  }
}

}  // namespace sluice::http
