// SPDX-License-Identifier: MIT
#include "proxy/exchange/services.h"

#include <sys/random.h>

#include <bit>

#include "proxy/base/check.h"

namespace sluice::exchange {

std::string_view DateCache::at(std::time_t now) {
  if (now != second_) {
    second_ = now;
    http::write_http_date(text_.data(), now);
  }
  return {text_.data(), text_.size()};
}

RequestIds::RequestIds() {
  CHECK(getrandom(state_.data(), sizeof(state_), 0) == static_cast<ssize_t>(sizeof(state_)));
}

// xoshiro256**, Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators" (2021).
std::uint64_t RequestIds::next() {
  std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void RequestIds::write(char* out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t bits = next();
    for (std::size_t i = 0; i < kBytes / 2; ++i, bits >>= 4) *out++ = kDigits[bits & 15];
  }
}

}  // namespace sluice::exchange
