// SPDX-License-Identifier: MIT
#include "cache/key.h"

#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace sluice::cache {

namespace {

constexpr std::string_view kSchemeEnd = "://";

template <typename Random>
void fill(std::array<unsigned char, 192>& secret, Random& random) {
  static_assert(sizeof secret >= XXH3_SECRET_SIZE_MIN);
  for (unsigned char& byte : secret) byte = static_cast<unsigned char>(random() & 0xff);
}

}  // namespace

std::string_view url_of(std::string_view key_text) {
  return key_text.substr(0, key_text.find('\n'));
}

std::string_view authority_of(std::string_view key_text) {
  std::string_view rest = url_of(key_text);
  const std::size_t scheme_end = rest.find(kSchemeEnd);
  if (scheme_end == std::string_view::npos) return {};
  rest.remove_prefix(scheme_end + kSchemeEnd.size());
  return rest.substr(0, rest.find_first_of("/?"));
}

std::string_view host_of(std::string_view key_text) {
  std::string_view rest = authority_of(key_text);
  const std::size_t at = rest.rfind('@');
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  if (rest.starts_with('[')) return rest.substr(0, rest.find(']') + 1);
  return rest.substr(0, rest.find(':'));
}

KeyHasher::KeyHasher() {
  std::random_device random;
  fill(secret_, random);
}

KeyHasher::KeyHasher(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  fill(secret_, random);
}

// Each part is hashed once: together a few nanoseconds more than one hash of the whole.
std::uint64_t KeyHasher::hash(std::string_view text) const {
  constexpr std::uint64_t kLower = 0xffff'ffff;
  const std::size_t url_size = url_of(text).size();
  const std::uint64_t url = hash_of(text.substr(0, url_size));
  return (url & ~kLower) | ((url + hash_of(text.substr(url_size))) & kLower);
}

std::uint64_t KeyHasher::hash_of(std::string_view bytes) const {
  return XXH3_64bits_withSecret(bytes.data(), bytes.size(), secret_.data(), secret_.size());
}

}  // namespace sluice::cache
