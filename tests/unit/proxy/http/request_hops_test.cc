// SPDX-License-Identifier: MIT
// What a request says to this hop: Max-Forwards, and trailers that Connection may name.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "proxy/http/request_parser.h"
#include "tests/unit/proxy/http/head_rows.h"

namespace sluice::http {

TEST_CASE("request parser: Max-Forwards counts for OPTIONS and is ignored elsewhere",
          "[http][request_parser]") {
  constexpr struct {
    std::string_view bytes;
    std::string_view expected;
  } kRows[] = {
      {"Max-Forwards: 0\r\n", "0"},
      {"max-forwards: \t10 \r\n", "10"},
      {"Max-Forwards: 007\r\n", "7"},
      {"Max-Forwards: 1000000\r\n", "1000000"},
      {"Max-Forwards: 1000001\r\n", "1000000"},
      {"Max-Forwards: 99999999999999999999999999\r\n", "1000000"},
      {"Max-Forwards:\r\n", "bad_max_forwards"},
      {"Max-Forwards: -1\r\n", "bad_max_forwards"},
      {"Max-Forwards: +1\r\n", "bad_max_forwards"},
      {"Max-Forwards: 1, 1\r\n", "bad_max_forwards"},
      {"Max-Forwards: 0x1\r\n", "bad_max_forwards"},
      {"Max-Forwards: 1 0\r\n", "bad_max_forwards"},
      {"Max-Forwards: 1\r\nMax-Forwards: 1\r\n", "bad_max_forwards"},
      {"X-Max-Forwards: 1\r\n", "none"},
  };
  for (const auto& row : kRows) {
    const auto parse_count = [](std::string_view bytes) {
      RequestHead head;
      const ParseResult result = parse_request_head(bytes, HeadLimits(), head);
      return rows::verdict(result, [&head] {
        return head.max_forwards ? std::to_string(*head.max_forwards) : std::string("none");
      });
    };
    const std::string rest = std::string(row.bytes) + "\r\n";
    const bool accepted = row.expected != "bad_max_forwards";
    rows::check_row("OPTIONS * HTTP/1.1\r\nHost: h\r\n" + rest, row.expected, accepted,
                    parse_count);
    rows::check_row("GET / HTTP/1.1\r\nHost: h\r\n" + rest, "none", true, parse_count);
  }
}

TEST_CASE("request parser: a Connection that names fields takes the trailers away",
          "[http][request_parser]") {
  constexpr struct {
    std::string_view connection;
    bool drop;
  } kRows[] = {
      {"", false},
      {"Connection: close\r\n", false},
      {"Connection: Keep-Alive, TE, upgrade\r\n", false},
      {"Connection: x-sum\r\n", true},
      {"Connection: close\r\nConnection: keep-alive, X-Sum\r\n", true},
  };
  for (const auto& row : kRows) {
    RequestHead head;
    const std::string bytes = "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(row.connection) +
                              "Transfer-Encoding: chunked\r\n\r\n";
    REQUIRE(parse_request_head(bytes, HeadLimits(), head).status == ParseStatus::Done);
    CHECK(head.body.drop_trailers == row.drop);
  }
}

}  // namespace sluice::http
