// SPDX-License-Identifier: MIT
// Key: what a stored response is found by, as text and as the hash of that text.
//
// The text is "scheme://authority/path[?query]", optionally followed by '\n' and whatever else
// tells two resources apart. Two keys are the same when their texts are; the hash only finds them.
// Its upper half is that of the URL alone, so that all keys of a URL are found by it. It is keyed
// with a secret of its own in each KeyHasher, so that nobody outside can choose texts which meet in
// one bucket.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::cache {

struct Key {
  std::uint64_t hash = 0;
  std::string_view text;  // borrowed
};

// What stands before the first '\n' of a key's text.
std::string_view url_of(std::string_view key_text);
// The authority of that URL, with its port where that is not the scheme's own; empty where there is
// none.
std::string_view authority_of(std::string_view key_text);
// The same without its port and without user information; "[::1]" keeps its
// brackets. Empty where there is none.
std::string_view host_of(std::string_view key_text);

// Immutable; any thread may use one.
class KeyHasher {
 public:
  KeyHasher();  // a random secret
  // The same hashes each time. For tests and measurements.
  explicit KeyHasher(std::uint64_t seed);

  Key key(std::string_view text) const { return {hash(text), text}; }
  std::uint64_t hash(std::string_view text) const;

 private:
  std::uint64_t hash_of(std::string_view bytes) const;

  std::array<unsigned char, 192> secret_{};
};

}  // namespace sluice::cache
