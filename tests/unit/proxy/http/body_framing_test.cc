// SPDX-License-Identifier: MIT
#include "proxy/http/body_framing.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/unit/proxy/http/head_rows.h"

namespace sluice::http {
namespace {

using std::string_view_literals::operator""sv;

constexpr BodyFraming kChunked{BodyKind::Chunked, 0};

// What a decoder made of a message: "word", or "payload|trailers|rest" when it is done, or
// "payload..." when it waits for more.
struct Outcome {
  std::string payload;
  std::size_t consumed = 0;
  BodyDecoder::Step last;

  std::string text(const BodyDecoder& decoder, std::string_view whole) const {
    if (last.bad) return std::string(bad_message_word(last.why));
    if (!last.done) return payload + "...";
    std::string out = payload + '|';
    for (const Field& field : decoder.trailers()) {
      out += std::string(field.name) + '=' + std::string(field.value) + ';';
    }
    return out + '|' + std::string(whole.substr(consumed));
  }
};

void feed(BodyDecoder& decoder, std::string_view piece, Outcome& outcome) {
  const rows::Exact exact(piece);
  std::string_view in = exact.view();
  do {
    outcome.last = decoder.decode(in);
    if (!outcome.last.data.empty()) {
      REQUIRE(outcome.last.data.data() >= in.data());
      REQUIRE(outcome.last.data.data() + outcome.last.data.size() <= in.data() + in.size());
    }
    outcome.payload += outcome.last.data;
    outcome.consumed += outcome.last.consumed;
    in.remove_prefix(outcome.last.consumed);
  } while (!in.empty() && !outcome.last.done && !outcome.last.bad);
}

std::string decode_whole(std::string_view bytes, const BodyFraming& framing,
                         const BodyLimits& limits) {
  BodyDecoder decoder(framing, limits);
  Outcome outcome;
  feed(decoder, bytes, outcome);
  return outcome.text(decoder, bytes);
}

std::string decode_cut(std::string_view bytes, std::size_t at, const BodyFraming& framing,
                       const BodyLimits& limits) {
  BodyDecoder decoder(framing, limits);
  Outcome outcome;
  feed(decoder, bytes.substr(0, at), outcome);
  if (!outcome.last.done && !outcome.last.bad) feed(decoder, bytes.substr(at), outcome);
  return outcome.text(decoder, bytes);
}

std::string decode_bytewise(std::string_view bytes, const BodyFraming& framing,
                            const BodyLimits& limits) {
  BodyDecoder decoder(framing, limits);
  Outcome outcome;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    feed(decoder, bytes.substr(i, 1), outcome);
    if (outcome.last.done || outcome.last.bad) break;
  }
  return outcome.text(decoder, bytes);
}

void check_every_cut(std::string_view bytes, std::string_view expected, const BodyFraming& framing,
                     const BodyLimits& limits = {}) {
  INFO(std::string(bytes));
  CHECK(decode_whole(bytes, framing, limits) == expected);
  CHECK(decode_bytewise(bytes, framing, limits) == expected);
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    const std::string cut = decode_cut(bytes, at, framing, limits);
    if (cut != expected) FAIL_CHECK("cut at " << at << ": " << cut);
  }
}

struct BodyRow {
  std::string_view bytes;
  std::string_view expected;
};

constexpr BodyRow kChunkedBodies[] = {
    {"0\r\n\r\n", "||"},
    {"0\r\n\r\nrest", "||rest"},
    {"5\r\nhello\r\n0\r\n\r\n", "hello||"},
    {"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET /", "hello!||GET /"},
    {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789||"},
    {"0a\r\n0123456789\r\n000\r\n\r\n", "0123456789||"},
    {"0000000000000001\r\na\r\n0\r\n\r\n", "a||"},
    {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n||"},
    {"5\r\nhel", "hel..."},
    {"5\r\nhello", "hello..."},
    {"5\r\nhello\r\n0\r\n", "hello..."},
    {"5\r\nhello\r\n0\r\n\r", "hello..."},
    // sizes
    {"\r\n", "bad_chunk_size"},
    {"\n", "bare_lf"},
    {"x\r\n", "bad_chunk_size"},
    {"5x\r\n", "bad_chunk_size"},
    {"0x5\r\n", "bad_chunk_size"},
    {"+5\r\n", "bad_chunk_size"},
    {"-5\r\n", "bad_chunk_size"},
    {" 5\r\n", "bad_chunk_size"},
    {"\t5\r\n", "bad_chunk_size"},
    {"5_0\r\n", "bad_chunk_size"},
    {"5.0\r\n", "bad_chunk_size"},
    {"5,\r\n", "bad_chunk_size"},
    {"5\0\r\n"sv, "bad_chunk_size"},
    {"\xb5\r\n", "bad_chunk_size"},
    {";a\r\n", "bad_chunk_size"},
    {"00000000000000001\r\n", "bad_chunk_size"},
    {"8000000000000000\r\n", "bad_chunk_size"},
    {"ffffffffffffffff\r\n", "bad_chunk_size"},
    {"10000000000000005\r\n", "bad_chunk_size"},
    {"7fffffffffffffff\r\na", "a..."},
    // line ends
    {"5\nhello\r\n", "bare_lf"},
    {"5\rhello\r\n", "bare_cr"},
    {"5\r\r\n", "bare_cr"},
    {"5\r\nhello\n0\r\n\r\n", "bare_lf"},
    {"5\r\nhello\r0\r\n\r\n", "bad_chunk_end"},
    {"5\r\nhelloX\r\n", "bad_chunk_end"},
    {"5\r\nhello0\r\n\r\n", "bad_chunk_end"},
    {"5\r\nhello\r\r\n", "bad_chunk_end"},
    {"5\r\nhello\r\n\r\n", "bad_chunk_size"},
    {"0\n\n", "bare_lf"},
    {"0\r\n\n", "bare_lf"},
    {"0\r\n\rX", "..."},
    {"0\r\n\rX\r\n\r\n", "bare_cr"},
    // extensions
    {"1;a\r\nx\r\n0;b\r\n\r\n", "x||"},
    {"1;a=b\r\nx\r\n0\r\n\r\n", "x||"},
    {"1;a=b;c=d;e\r\nx\r\n0\r\n\r\n", "x||"},
    {"1 ;a\r\nx\r\n0\r\n\r\n", "x||"},
    {"1 \t; a = b\t; c ;d\r\nx\r\n0\r\n\r\n", "x||"},
    {"1;a=\"b\"\r\nx\r\n0\r\n\r\n", "x||"},
    {"1;a=\"\"\r\nx\r\n0\r\n\r\n", "x||"},
    {"1;a=\"b;c\\\"\xe9 \t\" ;d\r\nx\r\n0\r\n\r\n", "x||"},
    {"1;\r\n", "bad_chunk_extension"},
    {"1 \r\n", "bad_chunk_extension"},
    {"1 a\r\n", "bad_chunk_extension"},
    {"1;a \r\n", "bad_chunk_extension"},
    {"1;a b\r\n", "bad_chunk_extension"},
    {"1;=b\r\n", "bad_chunk_extension"},
    {"1;a=\r\n", "bad_chunk_extension"},
    {"1;a=;b\r\n", "bad_chunk_extension"},
    {"1;a==b\r\n", "bad_chunk_extension"},
    {"1;a=b \r\n", "bad_chunk_extension"},
    {"1;a=b=c\r\n", "bad_chunk_extension"},
    {"1;;a\r\n", "bad_chunk_extension"},
    {"1;a@b\r\n", "bad_chunk_extension"},
    {"1;a\0\r\n"sv, "bad_chunk_extension"},
    {"1;a=\"b\r\n", "bad_chunk_extension"},
    {"1;a=\"b\n\"\r\n", "bad_chunk_extension"},
    {"1;a=\"b\\\r\"\r\n", "bad_chunk_extension"},
    {"1;a=\"b\"c\r\n", "bad_chunk_extension"},
    {"1;a=b\"c\"\r\n", "bad_chunk_extension"},
    {"1;a\n", "bare_lf"},
    {"1;a=b\n", "bare_lf"},
    {"1;a=\"b\"\n", "bare_lf"},
    {"1;a\rX", "bare_cr"},
    // trailers
    {"0\r\nA: b\r\n\r\n", "|A=b;|"},
    {"1\r\nx\r\n0\r\nA: b\r\nETag: \"c\"\r\n\r\nrest", "x|A=b;ETag=\"c\";|rest"},
    {"0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\nHost: h\r\nA: b\r\n\r\n", "|A=b;|"},
    {"0\r\nX-Forwarded-For: 1.2.3.4\r\nAuthorization: a\r\nCookie: c\r\n\r\n", "||"},
    {"0\r\nX_User: a\r\nX.User: b\r\nX-User: c\r\n\r\n", "|X-User=c;|"},
    {"0\r\nA: b\r\n", "..."},
    {"0\r\nA : b\r\n\r\n", "space_in_field_name"},
    {"0\r\nA\r\n\r\n", "bad_field_name"},
    {"0\r\n A: b\r\n\r\n", "obs_fold"},
    {"0\r\nA: b\r\n c\r\n\r\n", "obs_fold"},
    {"0\r\nA: b\nC: d\r\n\r\n", "bare_lf"},
    {"0\r\nA: b\rC: d\r\n\r\n", "bare_cr"},
    {"0\r\nA: \0\r\n\r\n"sv, "bad_field_value"},
};

}  // namespace

TEST_CASE("body decoder: each chunked body gets its verdict, cut anywhere", "[http][body]") {
  for (const BodyRow& row : kChunkedBodies) check_every_cut(row.bytes, row.expected, kChunked);
}

TEST_CASE("body decoder: a counted body ends where its length says", "[http][body]") {
  check_every_cut("hello", "hello||", {BodyKind::Length, 5});
  check_every_cut("hello world", "hello|| world", {BodyKind::Length, 5});
  check_every_cut("hel", "hel...", {BodyKind::Length, 5});
  check_every_cut("rest", "||rest", {BodyKind::Length, 0});
  check_every_cut("rest", "||rest", {BodyKind::None, 0});
  check_every_cut("rest", "||rest", {BodyKind::None, 5, true});
  check_every_cut("all of it", "all of it...", {BodyKind::UntilClose, 0});
}

TEST_CASE("body decoder: of a counted body, what passes elsewhere is counted, too",
          "[http][body]") {
  BodyDecoder decoder({BodyKind::Length, 10}, {});
  CHECK(decoder.length_left() == 10);
  CHECK(decoder.decode("12").data == "12");
  decoder.skip(5);
  CHECK(decoder.length_left() == 3);
  CHECK_FALSE(decoder.complete_at_eof());
  const BodyDecoder::Step step = decoder.decode("890next");
  CHECK(step.data == "890");
  CHECK(step.consumed == 3);
  CHECK(step.done);
  CHECK(decoder.decoded_bytes() == 10);
  CHECK(decoder.length_left() == 0);
  decoder.reset(kChunked, {});
  CHECK(decoder.length_left() == 0);
}

TEST_CASE("body decoder: an empty body is done without input", "[http][body]") {
  BodyDecoder decoder;
  CHECK(decoder.done());
  CHECK(decoder.decode("").done);
  decoder.reset({BodyKind::Length, 0}, {});
  CHECK(decoder.decode("").done);
  decoder.reset(kChunked, {});
  CHECK_FALSE(decoder.decode("").done);
}

TEST_CASE("body decoder: a truncated body is never complete at the end of the connection",
          "[http][body]") {
  BodyDecoder decoder({BodyKind::Length, 5}, {});
  decoder.decode("hell");
  CHECK_FALSE(decoder.complete_at_eof());
  decoder.decode("o");
  CHECK(decoder.complete_at_eof());

  constexpr std::string_view kBody = "5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < kBody.size(); ++size) {
    decoder.reset(kChunked, {});
    Outcome outcome;
    feed(decoder, kBody.substr(0, size), outcome);
    CHECK_FALSE(decoder.complete_at_eof());
  }
  decoder.reset(kChunked, {});
  decoder.decode("nonsense");
  CHECK_FALSE(decoder.complete_at_eof());

  decoder.reset({BodyKind::UntilClose, 0}, {});
  CHECK(decoder.complete_at_eof());
  decoder.decode("some");
  CHECK(decoder.complete_at_eof());
  CHECK_FALSE(decoder.done());
}

TEST_CASE("body decoder: one step gives one piece, and takes the framing around it",
          "[http][body]") {
  BodyDecoder decoder(kChunked, {});
  constexpr std::string_view kBody = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nrest";
  BodyDecoder::Step step = decoder.decode(kBody);
  CHECK(step.data == "hello");
  CHECK(step.data.data() == kBody.data() + 3);
  CHECK(step.consumed == 13);
  CHECK_FALSE(step.done);
  step = decoder.decode(kBody.substr(13));
  CHECK(step.data == " world");
  CHECK(step.done);
  CHECK(kBody.substr(13 + step.consumed) == "rest");
  CHECK(decoder.decoded_bytes() == 11);
}

TEST_CASE("body decoder: bad stays bad", "[http][body]") {
  BodyDecoder decoder(kChunked, {});
  CHECK(decoder.decode("x").bad);
  const BodyDecoder::Step step = decoder.decode("5\r\nhello\r\n");
  CHECK(step.bad);
  CHECK(step.why == BadMessage::ChunkSize);
  CHECK(step.consumed == 0);
  decoder.reset(kChunked, {});
  CHECK(decoder.decode("5\r\nhello\r\n").data == "hello");
}

TEST_CASE("body decoder: the body limit holds for every framing", "[http][body]") {
  BodyLimits limits;
  limits.body = 5;
  check_every_cut("hello", "hello||", {BodyKind::Length, 5}, limits);
  check_every_cut("hello!", "body_too_large", {BodyKind::Length, 6}, limits);
  check_every_cut("hello", "hello...", {BodyKind::UntilClose, 0}, limits);
  check_every_cut("hello!", "body_too_large", {BodyKind::UntilClose, 0}, limits);
  check_every_cut("5\r\nhello\r\n0\r\n\r\n", "hello||", kChunked, limits);
  check_every_cut("3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n", "body_too_large", kChunked, limits);
  check_every_cut("6\r\n", "body_too_large", kChunked, limits);
  check_every_cut("1\r\nx\r\n7fffffffffffffff\r\n", "body_too_large", kChunked, limits);
}

TEST_CASE("body decoder: extensions are bounded per chunk and over the body", "[http][body]") {
  BodyLimits limits;
  limits.chunk_extension = 4;
  limits.chunk_extensions = 6;
  check_every_cut("1;abc\r\nx\r\n0\r\n\r\n", "x||", kChunked, limits);
  check_every_cut("1;abcd\r\n", "chunk_extension_too_large", kChunked, limits);
  check_every_cut("1;a=\"bcdefghijklmn", "chunk_extension_too_large", kChunked, limits);
  check_every_cut("1;ab\r\nx\r\n0;a\r\n\r\n", "x||", kChunked, limits);
  check_every_cut("1;abc\r\nx\r\n1;abc\r\ny\r\n", "chunk_extension_too_large", kChunked, limits);
}

TEST_CASE("body decoder: trailers are bounded in bytes and number", "[http][body]") {
  BodyLimits limits;
  limits.trailers = 12;
  limits.trailer_fields = 2;
  check_every_cut("0\r\nA: b\r\nC: d\r\n\r\n", "|A=b;C=d;|", kChunked, limits);
  check_every_cut("0\r\nA: b\r\nC: de\r\n\r\n", "trailers_too_large", kChunked, limits);
  check_every_cut("0\r\nA:b\r\nC:\r\nD:\r\n\r\n", "trailers_too_large", kChunked, limits);
  limits.trailers = 100;
  check_every_cut("0\r\nA:b\r\nC:\r\nD:\r\n\r\n", "too_many_fields", kChunked, limits);
}

TEST_CASE("body decoder: trailers that Connection may have named are read and dropped",
          "[http][body]") {
  const BodyFraming framing{BodyKind::Chunked, 0, false, true};
  check_every_cut("1\r\nx\r\n0\r\nA: b\r\n\r\nrest", "x||rest", framing);
  check_every_cut("1\r\nx\r\n0\r\nA : b\r\n\r\n", "space_in_field_name", framing);
}

TEST_CASE("body encoder: chunk headers are short, and read back", "[http][body]") {
  char out[kChunkHeaderMax];
  constexpr struct {
    std::uint64_t size;
    std::string_view text;
  } kRows[] = {
      {0, ""},
      {1, "1\r\n"},
      {0x1f, "1f\r\n"},
      {0x10000, "10000\r\n"},
      {UINT64_MAX, "ffffffffffffffff\r\n"},
  };
  for (const auto& row : kRows) {
    CHECK(std::string_view(out, write_chunk_header(out, row.size)) == row.text);
  }
  std::string message;
  std::string payload;
  for (std::size_t size = 1; size < 3000; size = size * 3 + 1) {
    const std::string piece(size, static_cast<char>('a' + size % 26));
    message.append(out, write_chunk_header(out, size));
    message += piece;
    message += kChunkEnd;
    payload += piece;
  }
  message += kChunkedBodyEnd;
  CHECK(decode_whole(message, kChunked, {}) == payload + "||");
}

}  // namespace sluice::http
