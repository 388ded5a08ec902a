// SPDX-License-Identifier: MIT
// Chunk lines, chunk ends and trailers that are refused: RFC 9112 7.1.
#include <catch2/catch.hpp>
#include <string>

#include "tests/wire/strict/requests.h"

using namespace std::string_view_literals;
using sluice::wire::Frame;
using sluice::wire::many;
using sluice::wire::RefusedRow;
using sluice::wire::RequestTable;

namespace {

constexpr Frame kChunkedFrame{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                              ""};

constexpr RefusedRow kSizes[] = {
    {"\r\n", 400, "bad_chunk_size"},
    {"\n", 400, "bare_lf"},
    {"0\n\r\n", 400, "bare_lf"},
    {"0\n\n", 400, "bare_lf"},
    {"5\nhello\r\n0\r\n\r\n", 400, "bare_lf"},
    {"0\r\n\n", 400, "bare_lf"},
    {";\n", 400, "bad_chunk_size"},
    {";\r\n", 400, "bad_chunk_size"},
    {";a=b\r\nhello\r\n", 400, "bad_chunk_size"},
    {" 5\r\nhello\r\n", 400, "bad_chunk_size"},
    {"\t5\r\nhello\r\n", 400, "bad_chunk_size"},
    {"+5\r\nhello\r\n", 400, "bad_chunk_size"},
    {"-5\r\nhello\r\n", 400, "bad_chunk_size"},
    {"-0\r\n\r\n", 400, "bad_chunk_size"},
    {"0x5\r\nhello\r\n", 400, "bad_chunk_size"},
    {"0X5\r\nhello\r\n", 400, "bad_chunk_size"},
    {"5_0\r\n", 400, "bad_chunk_size"},
    {"5.0\r\n", 400, "bad_chunk_size"},
    {"5,5\r\n", 400, "bad_chunk_size"},
    {"\"5\"\r\n", 400, "bad_chunk_size"},
    {"g\r\n", 400, "bad_chunk_size"},
    {"5h\r\n", 400, "bad_chunk_size"},
    {"\xef\xbc\x95\r\n", 400, "bad_chunk_size"},
    {"5\0\r\nhello\r\n"sv, 400, "bad_chunk_size"},
    {"\0"sv, 400, "bad_chunk_size"},
    {"00000000000000005\r\nhello\r\n", 400, "bad_chunk_size"},
    {"8000000000000000\r\n", 400, "bad_chunk_size"},
    {"ffffffffffffffff\r\n", 400, "bad_chunk_size"},
    {"10000000000000005\r\nhello\r\n", 400, "bad_chunk_size"},
    {"fffffffffffffffffffffffffffffffff", 400, "bad_chunk_size"},
    {"5 \r\nhello\r\n", 400, "bad_chunk_extension"},
    {"5\t\r\nhello\r\n", 400, "bad_chunk_extension"},
    {"5 5\r\n", 400, "bad_chunk_extension"},
    {"5\rhello\r\n", 400, "bare_cr"},
    {"5\r\r\nhello\r\n", 400, "bare_cr"},
    {"0\r\r\n\r\n", 400, "bare_cr"},
};

constexpr RefusedRow kExtensions[] = {
    {"5;\r\nhello\r\n", 400, "bad_chunk_extension"},
    {"5;\nhello\r\n", 400, "bad_chunk_extension"},
    {"5; \r\nhello\r\n", 400, "bad_chunk_extension"},
    {"5;a\nhello\r\n", 400, "bare_lf"},
    {"5;a=\r\nhello\r\n", 400, "bad_chunk_extension"},
    {"5;a=\nhello\r\n", 400, "bad_chunk_extension"},
    {"5;a=b\nhello\r\n", 400, "bare_lf"},
    {"5;=b\r\nhello\r\n", 400, "bad_chunk_extension"},
    {"5;a=b c\r\n", 400, "bad_chunk_extension"},
    {"5;a b\r\n", 400, "bad_chunk_extension"},
    {"5;a,b\r\n", 400, "bad_chunk_extension"},
    {"5;a=\"b\nc\"\r\n", 400, "bad_chunk_extension"},
    {"5;a=\"b\r\nhello\r\n", 400, "bad_chunk_extension"},
    {"5;a=\"b\"c\r\n", 400, "bad_chunk_extension"},
    {"5;a=\"b\"\nhello\r\n", 400, "bare_lf"},
    {"5;a=\"\x01\"\r\n", 400, "bad_chunk_extension"},
    {"5;a=\"\\\r\n\"\r\n", 400, "bad_chunk_extension"},
    {"5;a\0\r\n"sv, 400, "bad_chunk_extension"},
    {"5;\x80\r\n", 400, "bad_chunk_extension"},
    {"5;a\rb\r\n", 400, "bare_cr"},
    {"5;a=b\rhello", 400, "bare_cr"},
    {"0;\n\r\n", 400, "bad_chunk_extension"},
    {"0;a\n\r\n", 400, "bare_lf"},
};

constexpr RefusedRow kEnds[] = {
    {"5\r\nhello0\r\n\r\n", 400, "bad_chunk_end"},
    {"5\r\nhelloX\r\n0\r\n\r\n", 400, "bad_chunk_end"},
    {"5\r\nhello \r\n0\r\n\r\n", 400, "bad_chunk_end"},
    {"5\r\nhello\n0\r\n\r\n", 400, "bare_lf"},
    {"5\r\nhello\rX0\r\n\r\n", 400, "bad_chunk_end"},
    {"5\r\nhello\r0\r\n\r\n", 400, "bad_chunk_end"},
    {"4\r\nhello\r\n0\r\n\r\n", 400, "bad_chunk_end"},
    {"6\r\nhello\r\n0\r\n\r\n", 400, "bare_lf"},
    {"5\r\nhello\r\n\r\n0\r\n\r\n", 400, "bad_chunk_size"},
    {"5\r\nhello\r\n-1\r\n", 400, "bad_chunk_size"},
    {"1\r\nx\r\n7fffffffffffffff1\r\n", 400, "bad_chunk_size"},
};

// Behind "0" CRLF.
constexpr RefusedRow kBadTrailers[] = {
    {"A : b\r\n\r\n", 400, "space_in_field_name"},
    {"A\t: b\r\n\r\n", 400, "space_in_field_name"},
    {"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", 400, "space_in_field_name"},
    {" A: b\r\n\r\n", 400, "obs_fold"},
    {"A: b\r\n c\r\n\r\n", 400, "obs_fold"},
    {"A: b\nC: d\r\n\r\n", 400, "bare_lf"},
    {"A: b\r\n\n", 400, "bare_lf"},
    {"A\r\n\r\n", 400, "bad_field_name"},
    {": b\r\n\r\n", 400, "bad_field_name"},
    {"A(: b\r\n\r\n", 400, "bad_field_name"},
    {"A\0: b\r\n\r\n"sv, 400, "bad_field_name"},
    {"A: \0\r\n\r\n"sv, 400, "bad_field_value"},
    {"A: b\x01\r\n\r\n", 400, "bad_field_value"},
    {"A: b\rc\r\n\r\n", 400, "bare_cr"},
    {"A: b\r\r\n\r\n", 400, "bare_cr"},
};

}  // namespace

TEST_CASE("strict requests: a chunk line that is none ends the request and its connection",
          "[wire][strict]") {
  RequestTable table;
  table.refused(kSizes, kChunkedFrame);
  table.refused(kExtensions, kChunkedFrame);
  table.refused(kEnds, kChunkedFrame);
  const std::string head(kChunkedFrame.before);
  table.refused(
      {head + "5;" + std::string(256, 'a') + "\r\nhello\r\n", 400, "chunk_extension_too_large"});
  table.refused({head + "5;a=\"" + std::string(300, 'b'), 400, "chunk_extension_too_large"});
  table.refused({head + "5" + std::string(300, ' '), 400, "chunk_extension_too_large"});
  table.refused({head + many(80, "1;" + std::string(220, 'a') + "\r\nx\r\n"), 400,
                 "chunk_extension_too_large"});
  CHECK(table.finish() >= 70);
}

TEST_CASE("strict requests: a trailer section that is none ends the request and its connection",
          "[wire][strict]") {
  RequestTable table;
  const std::string body = std::string(kChunkedFrame.before) + "1\r\nx\r\n0\r\n";
  table.refused(kBadTrailers, {body, ""});
  table.refused({body + many(33, "A: b\r\n") + "\r\n", 431, "too_many_fields"});
  table.refused({body + "A: " + std::string(8200, 'b') + "\r\n\r\n", 431, "trailers_too_large"});
  table.refused({body + std::string(8200, 'b'), 431, "trailers_too_large"});
  CHECK(table.finish() >= 18);
}
