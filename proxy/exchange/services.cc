// SPDX-License-Identifier: MIT
#include "proxy/exchange/services.h"

#include <sys/random.h>

#include <bit>
#include <cstring>

#include "proxy/base/check.h"

namespace sluice::exchange {

std::string_view DateCache::at(std::time_t now) {
  if (now != second_) {
    second_ = now;
    http::write_http_date(text_.data(), now);
  }
  return {text_.data(), text_.size()};
}

namespace {

// The digits of every second nibble, eight at a time: '0' to '9', and 39 further on 'a' to 'f'.
std::uint64_t hex_digits(std::uint64_t bits) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  const std::uint64_t nibbles = bits & (15 * kEach);
  const std::uint64_t letters = ((nibbles + 6 * kEach) >> 4) & kEach;
  return nibbles + '0' * kEach + letters * ('a' - '9' - 1);
}

}  // namespace

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
  for (std::size_t at = 0; at < kBytes; at += 16) {
    const std::uint64_t bits = next();
    const std::uint64_t digits[] = {hex_digits(bits), hex_digits(bits >> 4)};
    std::memcpy(out + at, digits, sizeof digits);
  }
}

}  // namespace sluice::exchange
