// SPDX-License-Identifier: MIT
// Bodies: one verdict and one payload however the bytes arrive, and the same payload and trailers
// when they are framed again. The first byte of the input chooses the framing and the limits.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "proxy/http/body_framing.h"
#include "proxy/http/head_writer.h"
#include "proxy/http/hop_by_hop.h"
#include "tests/fuzz/cuts.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using http::BodyDecoder;
using http::BodyFraming;
using http::BodyKind;
using http::BodyLimits;
using support::Exact;

constexpr BodyFraming kChunked{BodyKind::Chunked, 0};
constexpr BodyLimits kTight{
    .body = 20, .trailers = 24, .trailer_fields = 2, .chunk_extension = 8, .chunk_extensions = 12};

struct Case {
  BodyFraming framing;
  BodyLimits limits;
};

Case case_of(char c) {
  switch (c) {
    case 'c':
      return {kChunked, {}};
    case 'C':
      return {kChunked, kTight};
    case 'u':
      return {{BodyKind::UntilClose, 0}, {}};
    case 'U':
      return {{BodyKind::UntilClose, 0}, kTight};
    default:
      return {{BodyKind::Length, static_cast<unsigned char>(c) % 32U},
              c % 2 == 0 ? BodyLimits() : kTight};
  }
}

std::string text_of(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    text.append(field.name).append("=").append(field.value).append("\n");
  }
  return text;
}

// One decoder, and what it has made of the pieces so far.
struct Reader {
  explicit Reader(const Case& of) : decoder(of.framing, of.limits) { step = decoder.decode({}); }

  bool ended() const { return step.done || step.bad; }

  void feed(std::string_view piece) {
    const Exact exact(piece);
    std::string_view in = exact.view();
    while (!in.empty() && !ended()) {
      step = decoder.decode(in);
      MUST(step.consumed <= in.size());
      MUST(step.consumed != 0 || ended());
      if (!step.data.empty()) {
        MUST(step.data.data() >= in.data());
        MUST(step.data.data() + step.data.size() <= in.data() + step.consumed);
      }
      payload += step.data;
      consumed += step.consumed;
      in.remove_prefix(step.consumed);
    }
    MUST(step.done == decoder.done());
    MUST(step.bad == (step.why != http::BadMessage::None));
  }

  BodyDecoder decoder;
  BodyDecoder::Step step;
  std::string payload;
  std::size_t consumed = 0;
};

void check_same(const Reader& whole, const Reader& cut) {
  MUST(cut.step.done == whole.step.done && cut.step.bad == whole.step.bad);
  MUST(cut.step.why == whole.step.why);
  if (whole.step.bad) return;
  MUST(cut.payload == whole.payload);
  MUST(cut.consumed == whole.consumed);
  MUST(text_of(cut.decoder.trailers()) == text_of(whole.decoder.trailers()));
  MUST(cut.decoder.complete_at_eof() == whole.decoder.complete_at_eof());
}

void check_meaning(const Reader& whole, const Case& of) {
  if (whole.step.bad) return;
  MUST(whole.decoder.decoded_bytes() == whole.payload.size());
  MUST(of.limits.body == 0 || whole.payload.size() <= of.limits.body);
  MUST(of.framing.kind != BodyKind::Length || whole.payload.size() <= of.framing.length);
  MUST(!whole.step.done || of.framing.kind != BodyKind::UntilClose);
  const http::Fields& trailers = whole.decoder.trailers();
  MUST(trailers.empty() || whole.step.done);
  MUST(trailers.size() <= of.limits.trailer_fields);
  for (const http::Field& field : trailers) {
    MUST(http::is_token(field.name) && http::is_field_value(field.value));
    MUST(http::allowed_in_trailers(field.id));
    MUST(field.name.find_first_of("_.") == std::string_view::npos);
  }
}

// Pieces of growing size, so that every digit count occurs.
std::string chunked_again(std::string_view payload, const http::Fields& trailers) {
  std::string out;
  for (std::size_t size = 1; !payload.empty(); size = size * 3 + 1) {
    const std::string_view piece = payload.substr(0, size);
    std::array<char, http::kChunkHeaderMax> header;
    out.append(header.data(), http::write_chunk_header(header.data(), piece.size()));
    out.append(piece).append(http::kChunkEnd);
    payload.remove_prefix(piece.size());
  }
  out.append(http::kLastChunk);
  std::string end(http::trailers_bound(trailers), '\0');
  end.resize(static_cast<std::size_t>(http::write_trailers(end.data(), trailers) - end.data()));
  return out + end;
}

void check_framed_again(const Reader& whole) {
  const std::string wire = chunked_again(whole.payload, whole.decoder.trailers());
  Reader again({kChunked, {}});
  again.feed(wire);
  MUST(again.step.done && again.consumed == wire.size());
  MUST(again.payload == whole.payload);
  MUST(text_of(again.decoder.trailers()) == text_of(whole.decoder.trailers()));
}

}  // namespace

void body(std::string_view bytes) {
  if (bytes.empty()) return;
  const Case of = case_of(bytes.front());
  bytes.remove_prefix(1);
  Reader whole(of);
  whole.feed(bytes);
  check_meaning(whole, of);
  if (!whole.step.bad) check_framed_again(whole);

  Reader bytewise(of);
  for (std::size_t i = 0; i < bytes.size() && !bytewise.ended(); ++i) {
    bytewise.feed(bytes.substr(i, 1));
  }
  check_same(whole, bytewise);
  for_each_cut(bytes.size(), [&](std::size_t at) {
    Reader cut(of);
    cut.feed(bytes.substr(0, at));
    if (!cut.ended()) cut.feed(bytes.substr(at));
    check_same(whole, cut);
  });
}

}  // namespace sluice::fuzz
