// SPDX-License-Identifier: MIT
// Responses that go wrong behind their head: the client must not take what it got for the whole
// (RFC 9112 6.3, 7.1 and 8).
#include <catch2/catch.hpp>
#include <string>

#include "tests/wire/strict/responses.h"

using namespace std::string_view_literals;
using sluice::wire::BrokenRow;
using sluice::wire::ResponseTable;

namespace {

constexpr std::string_view kTen = "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 10\r\n\r\n12345";
constexpr std::string_view kTruncated = "backend_truncated";

// The backend closes.
constexpr BrokenRow kCut[] = {
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 10\r\n\r\n", kTen, kTruncated},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 10\r\n\r\n1", kTen, kTruncated},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 10\r\n\r\n12345", kTen, kTruncated},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 9223372036854775807\r\n\r\nx",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 9223372036854775807\r\n\r\nx", kTruncated},
    {"HTTP/1.0 200 OK\r\nDate: 1\r\nContent-Length: 10\r\n\r\n12345", kTen, kTruncated},
    {"HTTP/1.1 404 Not Found\r\nDate: 1\r\nConnection: close\r\nContent-Length: 10\r\n\r\n12345",
     "HTTP/1.1 404 Not Found\r\nDate: 1\r\nContent-Length: 10\r\n\r\n12345", kTruncated},
    // An HTTP/1.0 client knows the end of a body by the end of the connection, if it is no reset.
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nConnection: close\r\n\r\nhello", kTruncated, true,
     "GET / HTTP/1.0\r\nHost: a\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 10\r\n\r\n12345",
     "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 10\r\nConnection: close\r\n\r\n12345",
     kTruncated, true, "GET / HTTP/1.0\r\nHost: a\r\n\r\n"},
};

// Behind a chunked head: cut by the backend's close.
constexpr std::string_view kCutChunks[] = {
    "",
    "5",
    "5\r\n",
    "5\r\nhel",
    "5\r\nhello",
    "5\r\nhello\r\n",
    "5\r\nhello\r\n0",
    "5\r\nhello\r\n0\r\n",
    "5\r\nhello\r\n0\r\n\r",
    "5\r\nhello\r\n0\r\nA: b\r\n",
};

struct BadChunk {
  std::string_view body;
  std::string_view word;
};

// The same, malformed on an open connection.
constexpr BadChunk kBadChunks[] = {
    {"\r\n", "bad_chunk_size"},
    {"0\n\n", "bare_lf"},
    {"0\r\n\n", "bare_lf"},
    {"5\nhello\r\n0\r\n\r\n", "bare_lf"},
    {";\n", "bad_chunk_size"},
    {"5;\nhello\r\n0\r\n\r\n", "bad_chunk_extension"},
    {"5 \r\nhello\r\n0\r\n\r\n", "bad_chunk_extension"},
    {"-1\r\n", "bad_chunk_size"},
    {"+5\r\nhello\r\n", "bad_chunk_size"},
    {"0x5\r\nhello\r\n", "bad_chunk_size"},
    {"g\r\n", "bad_chunk_size"},
    {"ffffffffffffffff\r\n", "bad_chunk_size"},
    {"10000000000000005\r\n", "bad_chunk_size"},
    {"5\rhello\r\n", "bare_cr"},
    {"5\r\nhello0\r\n\r\n", "bad_chunk_end"},
    {"5\r\nhello\n0\r\n\r\n", "bare_lf"},
    {"5\r\nhelloHTTP/1.1 200 OK\r\n\r\n", "bad_chunk_end"},
    {"0\r\nA : b\r\n\r\n", "space_in_field_name"},
    {"0\r\nA: b\r\n c\r\n\r\n", "obs_fold"},
    {"0\r\nA: b\rc\r\n\r\n", "bare_cr"},
    {"0\r\nA: \0\r\n\r\n"sv, "bad_field_value"},
    {"0\r\nHTTP/1.1 200 OK\r\n\r\n", "bad_field_name"},
};

}  // namespace

TEST_CASE("strict responses: a body that is cut short never looks whole", "[wire][strict]") {
  ResponseTable table;
  table.broken(kCut);
  const std::string head = "HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string_view body : kCutChunks) {
    // What came of a chunk is passed on at once, in chunks of its own; its end is not invented.
    const bool part = body == "5\r\nhel";
    const std::string received = head + (part ? "3\r\nhel\r\n" : "5\r\nhello\r\n");
    const std::string answer = head + std::string(body);
    const BrokenRow row{answer, received, kTruncated};
    table.broken({&row, 1});
  }
  CHECK(table.finish() >= 18);
}

TEST_CASE("strict responses: a chunk that is none aborts the response", "[wire][strict]") {
  ResponseTable table;
  const std::string head = "HTTP/1.1 200 OK\r\nDate: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string received = head + "5\r\nhello\r\n";
  for (const BadChunk& bad : kBadChunks) {
    const std::string answer = head + std::string(bad.body);
    const BrokenRow row{answer, received, bad.word, false};
    table.broken({&row, 1});
  }
  CHECK(table.finish() >= 22);
}
