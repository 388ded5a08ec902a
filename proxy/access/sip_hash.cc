// SPDX-License-Identifier: MIT
#include "proxy/access/sip_hash.h"

#include <bit>

namespace sluice::access {

namespace {

class State {
 public:
  explicit State(const SipSecret& secret)
      : v0_(secret[0] ^ 0x736f6d6570736575),
        v1_(secret[1] ^ 0x646f72616e646f6d),
        v2_(secret[0] ^ 0x6c7967656e657261),
        v3_(secret[1] ^ 0x7465646279746573) {}

  void absorb(std::uint64_t word) {
    v3_ ^= word;
    round();
    v0_ ^= word;
  }

  std::uint64_t finish() {
    v2_ ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_;
  std::uint64_t v1_;
  std::uint64_t v2_;
  std::uint64_t v3_;
};

}  // namespace

std::uint64_t sip_hash(const SipSecret& secret, const std::array<std::uint64_t, 3>& words,
                       std::uint8_t last) {
  constexpr std::uint64_t kMessageBytes = 25;
  State state(secret);
  for (const std::uint64_t word : words) state.absorb(word);
  state.absorb(kMessageBytes << 56 | last);
  return state.finish();
}

}  // namespace sluice::access
