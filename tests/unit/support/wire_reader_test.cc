// SPDX-License-Identifier: MIT
#include "tests/support/wire_reader.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::support {
namespace {

const std::vector<std::string> kOneGet{"GET"};
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("wire reader: answers one behind the other are told apart", "[support]") {
  const std::string bytes = "HTTP/1.1 100 Continue\r\n\r\n" + kOk +
                            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + kChunked +
                            "3\r\nabc\r\n0\r\nA: b\r\n\r\n" +
                            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe rest";
  const Answers answers = read_answers(bytes, {"GET", "HEAD", "POST", "GET"}, true);
  REQUIRE(answers.complete.size() == 4);
  CHECK(answers.interims == 1);
  CHECK_FALSE(answers.cut);
  CHECK(answers.complete[0].body == "ok");
  CHECK(answers.complete[1].body.empty());
  CHECK(answers.complete[2].body == "abc");
  CHECK(answers.complete[2].trailers.size() == 1);
  CHECK(answers.complete[3].body == "the rest");
  CHECK(answers.complete[3].until_close);
}

TEST_CASE("wire reader: an answer cut anywhere is no whole one", "[support]") {
  for (const std::string& bytes : {kOk, kChunked + "3\r\nabc\r\n0\r\n\r\n"}) {
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      const Answers answers = read_answers(bytes.substr(0, size), kOneGet, true);
      CHECK(answers.cut);
      CHECK(answers.complete.empty());
    }
  }
  const std::string until_close = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsome";
  CHECK(read_answers(until_close, kOneGet, false).cut);
}

TEST_CASE("wire reader: what is no answer is a failure", "[support]") {
  const std::vector<std::string> wrong{
      kOk + "x",
      "HTTP/1.1 200 OK\r\n\r\nno word of closing",
      "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n",
      "HTTP/1.1 200\r\n\r\n",
      kChunked + "x\r\n",
      kChunked + "3\r\nabcd\r\n",
  };
  for (const std::string& bytes : wrong) {
    INFO(bytes);
    CHECK_THROWS_AS(read_answers(bytes, kOneGet, true), Failure);
  }
}

TEST_CASE("wire reader: behind an agreement all bytes are the tunnel's", "[support]") {
  const std::string bytes = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\nHTTP/9 ?";
  const Answers answers = read_answers(kOk + bytes, {"GET", "GET"}, false);
  REQUIRE(answers.complete.size() == 2);
  CHECK(answers.complete[1].body == "HTTP/9 ?");
  CHECK(read_answers("HTTP/1.1 200 OK\r\n\r\n\xff", {"CONNECT"}, false).complete.size() == 1);
  CHECK(read_requests("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n\xff\r\n\r\n").complete.size() ==
        1);
}

TEST_CASE("wire reader: requests have one Host and one framing", "[support]") {
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab";
  const Requests requests = read_requests(get + post + get.substr(0, 9));
  CHECK(requests.complete.size() == 2);
  CHECK(requests.cut);
  for (const std::string_view bytes : {
           "GET / HTTP/1.0\r\nHost: h\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       }) {
    CHECK_THROWS_AS(read_requests(bytes), Failure);
  }
}

}  // namespace sluice::support
