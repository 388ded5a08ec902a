// SPDX-License-Identifier: MIT
#include "tests/support/decode.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <memory>

#include "tests/support/deadline.h"

namespace sluice::support {

namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

Decoded gunzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzipOnly = 16;
  if (inflateInit2(&stream, MAX_WBITS + kGzipOnly) != Z_OK) throw Failure("inflateInit2");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  Decoded out;
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = kPieceBytes;
    const int result = inflate(&stream, Z_SYNC_FLUSH);
    out.text.append(piece, 0, kPieceBytes - stream.avail_out);
    if (result == Z_STREAM_END) {
      out.whole = stream.avail_in == 0;
      return out;
    }
    if (result == Z_BUF_ERROR) return out;
    if (result != Z_OK) throw Failure("no gzip stream");
    if (stream.avail_in == 0 && stream.avail_out != 0) return out;
  }
}

Decoded unbrotli(std::string_view bytes) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  std::size_t left = bytes.size();
  const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
  Decoded out;
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    std::size_t room = kPieceBytes;
    auto* to = reinterpret_cast<std::uint8_t*>(piece.data());
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state.get(), &left, &next, &room, &to, nullptr);
    out.text.append(piece, 0, kPieceBytes - room);
    if (result == BROTLI_DECODER_RESULT_ERROR) throw Failure("no brotli stream");
    if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return out;
    if (result == BROTLI_DECODER_RESULT_SUCCESS) {
      out.whole = left == 0;
      return out;
    }
  }
}

Decoded unzstd(std::string_view bytes) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                        ZSTD_freeDCtx);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  Decoded out;
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    ZSTD_outBuffer to{piece.data(), kPieceBytes, 0};
    const std::size_t hint = ZSTD_decompressStream(context.get(), &to, &in);
    if (ZSTD_isError(hint)) throw Failure("no zstd stream");
    out.text.append(piece, 0, to.pos);
    if (hint == 0) {
      out.whole = in.pos == in.size;
      return out;
    }
    if (in.pos == in.size && to.pos < kPieceBytes) return out;
  }
}

}  // namespace

Decoded decode(std::string_view coding, std::string_view bytes) {
  if (coding == "gzip") return gunzip(bytes);
  if (coding == "br") return unbrotli(bytes);
  if (coding == "zstd") return unzstd(bytes);
  throw Failure("no decoder for " + std::string(coding));
}

}  // namespace sluice::support
