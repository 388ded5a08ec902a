// SPDX-License-Identifier: MIT
#include "proxy/filters/encoder.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/decode.h"

namespace sluice::filters {
namespace {

using support::decode;
using support::Decoded;
using Then = Encoder::Then;

constexpr Coding kAll[] = {Coding::Brotli, Coding::Zstd, Coding::Gzip};

struct Sink final : ByteSink {
  void write(std::string_view bytes) override {
    CHECK_FALSE(bytes.empty());
    text += bytes;
    largest = std::max(largest, bytes.size());
  }
  std::size_t unsent() const override { return 0; }

  std::string text;
  std::size_t largest = 0;
};

// Half words, half noise: neither all gain nor none.
std::string mixed(std::size_t size) {
  std::string out;
  out.reserve(size + 32);
  for (std::uint32_t i = 1; out.size() < size; ++i) {
    out += "a line of text, number ";
    for (std::uint32_t noise = i * 2654435761U; noise != 0; noise >>= 8) {
      out += static_cast<char>(noise & 0xff);
    }
  }
  out.resize(size);
  return out;
}

TEST_CASE("encoder: what goes in comes out of the decoder", "[filters][compress]") {
  const std::vector<std::string> bodies = {"", "x", mixed(1000), mixed(200'000),
                                           std::string(200'000, 'a')};
  for (const Coding coding : kAll) {
    const std::unique_ptr<Encoder> encoder = make_encoder(coding);
    for (const int level : {1, 4, 9}) {
      for (const std::string& body : bodies) {  // one encoder for all: nothing is left of the last
        CAPTURE(name_of(coding), level, body.size());
        Sink sink;
        REQUIRE(encoder->begin(level));
        REQUIRE(encoder->encode(body, Then::Finish, sink));
        const Decoded back = decode(name_of(coding), sink.text);
        CHECK(back.whole);
        CHECK((back.text == body));
      }
    }
  }
}

TEST_CASE("encoder: 10 MiB in odd pieces, given out in bounded ones", "[filters][compress]") {
  const std::string body = mixed(10 * 1024 * 1024 + 1);
  for (const Coding coding : kAll) {
    CAPTURE(name_of(coding));
    const std::unique_ptr<Encoder> encoder = make_encoder(coding);
    REQUIRE(encoder->begin(4));
    Sink sink;
    std::size_t at = 0;
    for (std::size_t step = 1; at < body.size(); step = step * 7 % 65'521 + 1) {
      REQUIRE(encoder->encode(std::string_view(body).substr(at, step), Then::More, sink));
      at += std::min(step, body.size() - at);
    }
    REQUIRE(encoder->encode({}, Then::Finish, sink));
    const Decoded back = decode(name_of(coding), sink.text);
    CHECK(back.whole);
    CHECK((back.text == body));
    CHECK(sink.text.size() < body.size() / 2);
    CHECK(sink.largest <= 16 * 1024);
  }
}

TEST_CASE("encoder: after a flush the client can read as far as that", "[filters][compress]") {
  for (const Coding coding : kAll) {
    CAPTURE(name_of(coding));
    const std::unique_ptr<Encoder> encoder = make_encoder(coding);
    REQUIRE(encoder->begin(4));
    Sink sink;
    REQUIRE(encoder->encode("first, ", Then::More, sink));
    REQUIRE(encoder->encode({}, Then::Flush, sink));
    CHECK(decode(name_of(coding), sink.text).text == "first, ");
    CHECK_FALSE(decode(name_of(coding), sink.text).whole);
    REQUIRE(encoder->encode("second", Then::Flush, sink));
    CHECK(decode(name_of(coding), sink.text).text == "first, second");
    REQUIRE(encoder->encode({}, Then::Finish, sink));
    CHECK(decode(name_of(coding), sink.text).whole);
    CHECK(decode(name_of(coding), sink.text).text == "first, second");
  }
}

TEST_CASE("encoder: one given up midway begins anew", "[filters][compress]") {
  EncoderPool pool;
  for (const Coding coding : kAll) {
    CAPTURE(name_of(coding));
    Sink lost;
    pool.take(coding, 4)->encode("half a respon", Then::Flush, lost);
    CHECK(pool.busy() == 0);
    Sink sink;
    REQUIRE(pool.take(coding, 6)->encode("another", Then::Finish, sink));
    const Decoded back = decode(name_of(coding), sink.text);
    CHECK(back.whole);
    CHECK(back.text == "another");
  }
}

TEST_CASE("encoder: no more are lent at once than the bound says", "[filters][compress]") {
  EncoderPool pool(2);
  EncoderPool::Handle first = pool.take(Coding::Gzip, 4);
  const EncoderPool::Handle second = pool.take(Coding::Zstd, 4);
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(pool.take(Coding::Gzip, 4));
  first.reset();
  CHECK(pool.busy() == 1);
  CHECK(pool.take(Coding::Brotli, 4));
}

}  // namespace
}  // namespace sluice::filters
