// SPDX-License-Identifier: MIT
#include "proxy/filters/encoder.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <limits>
#include <utility>

namespace sluice::filters {

namespace {

// What comes out at once. On the stack, where it costs nothing between two calls.
constexpr std::size_t kOutBytes = 16 * 1024;

// Left to itself, brotli takes 36 MiB for a response at level 9, and zstd 13. With these windows
// and tables (powers of two) both stay below 3 MiB at any level, for 3 % more to send.
constexpr int kBrotliWindowBits = 16;
constexpr int kZstdWindowBits = 18;
constexpr int kZstdTableBits = 16;

class Gzip final : public Encoder {
 public:
  Gzip() = default;
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() override {
    if (made_) deflateEnd(&stream_);
  }

  bool begin(int level) override {
    if (made_ && level_ == level) return deflateReset(&stream_) == Z_OK;
    if (std::exchange(made_, false)) deflateEnd(&stream_);
    stream_ = {};
    constexpr int kGzipFormat = 16;
    constexpr int kMemory = 8;
    made_ = deflateInit2(&stream_, level, Z_DEFLATED, MAX_WBITS + kGzipFormat, kMemory,
                         Z_DEFAULT_STRATEGY) == Z_OK;
    level_ = level;
    return made_;
  }

  bool encode(std::string_view bytes, Then then, ByteSink& out) override {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    for (; bytes.size() > kMost; bytes.remove_prefix(kMost)) {
      if (!run(bytes.substr(0, kMost), Z_NO_FLUSH, out)) return false;
    }
    return run(bytes, flush_of(then), out);
  }

 private:
  static int flush_of(Then then) {
    if (then == Then::Finish) return Z_FINISH;
    return then == Then::Flush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
  }

  bool run(std::string_view bytes, int flush, ByteSink& out) {
    // zlib's interface of old does not say const, but only reads.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    for (;;) {
      char piece[kOutBytes];
      stream_.next_out = reinterpret_cast<Bytef*>(piece);
      stream_.avail_out = kOutBytes;
      const int result = deflate(&stream_, flush);
      if (result == Z_STREAM_ERROR) return false;
      const std::size_t made = kOutBytes - stream_.avail_out;
      if (made != 0) out.write({piece, made});
      if (stream_.avail_out != 0) return true;
    }
  }

  z_stream stream_{};
  int level_ = 0;
  bool made_ = false;
};

// Its library cannot begin anew: what is kept is this object alone, and the allocator the memory.
class Brotli final : public Encoder {
 public:
  bool begin(int level) override {
    state_.reset();
    state_.reset(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr));
    return state_ != nullptr && set(BROTLI_PARAM_QUALITY, level) &&
           set(BROTLI_PARAM_LGWIN, kBrotliWindowBits);
  }

  bool encode(std::string_view bytes, Then then, ByteSink& out) override {
    const BrotliEncoderOperation operation = operation_of(then);
    std::size_t left = bytes.size();
    const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
    do {
      std::size_t no_room = 0;
      if (BrotliEncoderCompressStream(state_.get(), operation, &left, &next, &no_room, nullptr,
                                      nullptr) == BROTLI_FALSE) {
        return false;
      }
      while (BrotliEncoderHasMoreOutput(state_.get()) == BROTLI_TRUE) {
        std::size_t size = kOutBytes;
        const std::uint8_t* piece = BrotliEncoderTakeOutput(state_.get(), &size);
        out.write({reinterpret_cast<const char*>(piece), size});
      }
    } while (left != 0 || (then == Then::Finish && !finished()));
    return true;
  }

 private:
  struct Destroy {
    void operator()(BrotliEncoderState* state) const { BrotliEncoderDestroyInstance(state); }
  };

  static BrotliEncoderOperation operation_of(Then then) {
    if (then == Then::Finish) return BROTLI_OPERATION_FINISH;
    return then == Then::Flush ? BROTLI_OPERATION_FLUSH : BROTLI_OPERATION_PROCESS;
  }

  bool set(BrotliEncoderParameter parameter, int value) {
    return BrotliEncoderSetParameter(state_.get(), parameter, static_cast<std::uint32_t>(value)) ==
           BROTLI_TRUE;
  }
  bool finished() const { return BrotliEncoderIsFinished(state_.get()) == BROTLI_TRUE; }

  std::unique_ptr<BrotliEncoderState, Destroy> state_;
};

class Zstd final : public Encoder {
 public:
  bool begin(int level) override {
    if (context_ == nullptr) context_.reset(ZSTD_createCCtx());
    return context_ != nullptr &&
           !ZSTD_isError(ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_and_parameters)) &&
           set(ZSTD_c_compressionLevel, level) && set(ZSTD_c_windowLog, kZstdWindowBits) &&
           set(ZSTD_c_hashLog, kZstdTableBits) && set(ZSTD_c_chainLog, kZstdTableBits);
  }

  bool encode(std::string_view bytes, Then then, ByteSink& out) override {
    const ZSTD_EndDirective directive = directive_of(then);
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      char piece[kOutBytes];
      ZSTD_outBuffer to{piece, kOutBytes, 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &to, &in, directive);
      if (ZSTD_isError(left)) return false;
      if (to.pos != 0) out.write({piece, to.pos});
      if (in.pos == in.size && (then == Then::More || left == 0)) return true;
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  static ZSTD_EndDirective directive_of(Then then) {
    if (then == Then::Finish) return ZSTD_e_end;
    return then == Then::Flush ? ZSTD_e_flush : ZSTD_e_continue;
  }

  bool set(ZSTD_cParameter parameter, int value) {
    return !ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), parameter, value));
  }

  std::unique_ptr<ZSTD_CCtx, Free> context_;
};

}  // namespace

std::string_view name_of(Coding coding) {
  switch (coding) {
    case Coding::Brotli:
      return "br";
    case Coding::Zstd:
      return "zstd";
    case Coding::Gzip:
      return "gzip";
  }
  return {};
}

std::unique_ptr<Encoder> make_encoder(Coding coding) {
  switch (coding) {
    case Coding::Brotli:
      return std::make_unique<Brotli>();
    case Coding::Zstd:
      return std::make_unique<Zstd>();
    case Coding::Gzip:
      return std::make_unique<Gzip>();
  }
  return nullptr;
}

EncoderPool::Handle EncoderPool::take(Coding coding, int level) {
  if (busy_ == busy_max_) return {};
  auto& spares = spares_[static_cast<std::size_t>(coding)];
  std::unique_ptr<Encoder> encoder;
  if (spares.empty()) {
    encoder = make_encoder(coding);
  } else {
    encoder = std::move(spares.back());
    spares.pop_back();
  }
  if (!encoder->begin(level)) return {};
  ++busy_;
  return {encoder.release(), GiveBack(*this, coding)};
}

void EncoderPool::give_back(Encoder* encoder, Coding coding) {
  std::unique_ptr<Encoder> owned(encoder);
  --busy_;
  auto& spares = spares_[static_cast<std::size_t>(coding)];
  if (spares.size() < kSpareMax) spares.push_back(std::move(owned));
}

}  // namespace sluice::filters
