// SPDX-License-Identifier: MIT
// Encoder: one stream of a content coding (RFC 9110 8.4.1), and EncoderPool, from which a worker
// borrows them. Making one costs some hundred kilobytes, so they are kept for the next response;
// how many are at work at once has a bound, and so has the memory.
//
// The folder that knows the libraries: nobody else includes <zlib.h>, <brotli/> or <zstd.h>.
// Single-threaded; a pool outlives what it has lent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/base/pump.h"

namespace sluice::filters {

enum class Coding : std::uint8_t { Brotli, Zstd, Gzip };
inline constexpr std::size_t kCodings = 3;

// As Content-Encoding has it.
std::string_view name_of(Coding coding);

class Encoder {
 public:
  enum class Then : std::uint8_t {
    More,    // keep what compresses better with what follows
    Flush,   // give out all that the client needs to read as far as this
    Finish,  // the end of the stream
  };

  virtual ~Encoder() = default;

  // A new stream. False: there is no memory for it.
  virtual bool begin(int level) = 0;
  // Takes all of `bytes`, and writes what comes out of them, in pieces. False: the stream is
  // broken (there is no memory), and only begin() helps.
  virtual bool encode(std::string_view bytes, Then then, ByteSink& out) = 0;
};

// Of levels 1 to 9, which mean to all three codings about the same.
std::unique_ptr<Encoder> make_encoder(Coding coding);

class EncoderPool {
 public:
  // At most at work, of all codings: a quarter MiB for each of gzip, 1.5 MiB of zstd, 2 MiB (3 at
  // level 9) of brotli.
  static constexpr std::size_t kBusyMax = 256;
  // At most kept, of each coding.
  static constexpr std::size_t kSpareMax = 8;

  class GiveBack {
   public:
    GiveBack() = default;
    GiveBack(EncoderPool& pool, Coding coding) : pool_(&pool), coding_(coding) {}
    void operator()(Encoder* encoder) const { pool_->give_back(encoder, coding_); }

   private:
    EncoderPool* pool_ = nullptr;
    Coding coding_{};
  };
  using Handle = std::unique_ptr<Encoder, GiveBack>;

  explicit EncoderPool(std::size_t busy_max = kBusyMax) : busy_max_(busy_max) {}
  EncoderPool(const EncoderPool&) = delete;
  EncoderPool& operator=(const EncoderPool&) = delete;

  // One that has begun a stream; null when too many are at work, or there is no memory.
  Handle take(Coding coding, int level);

  std::size_t busy() const { return busy_; }

 private:
  void give_back(Encoder* encoder, Coding coding);

  const std::size_t busy_max_;
  std::size_t busy_ = 0;
  std::array<std::vector<std::unique_ptr<Encoder>>, kCodings> spares_;
};

}  // namespace sluice::filters
