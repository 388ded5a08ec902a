// SPDX-License-Identifier: MIT
#include "proxy/route/host_index.h"

#include <algorithm>
#include <bit>

#include "proxy/http/chars.h"
#include "proxy/http/uri.h"

namespace sluice::route {
namespace {

// FNV-1a, fed from the last byte to the first.
constexpr std::uint32_t kHashStart = 2166136261U;

constexpr std::uint32_t hash_step(std::uint32_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(c)) * 16777619U;
}

// FNV's low bits are its weak ones, and the low bits choose the slot.
constexpr std::uint32_t hash_end(std::uint32_t hash) {
  hash ^= hash >> 15;
  hash *= 0x85ebca6bU;
  return hash ^ (hash >> 13);
}

}  // namespace

HostIndex::HostIndex(const std::vector<HostPattern>& patterns)
    : slots_(std::bit_ceil(2 * patterns.size() + 1)) {
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(i);
    if (patterns[i].kind == HostPattern::Kind::Any) {
      any_ = number;
      continue;
    }
    if (patterns[i].kind == HostPattern::Kind::Below) {
      longest_suffix_ = std::max(longest_suffix_, patterns[i].name.size());
    }
    insert(patterns[i].name, number);
  }
}

void HostIndex::insert(const std::string& name, std::uint32_t number) {
  std::uint32_t hash = kHashStart;
  for (auto c = name.rbegin(); c != name.rend(); ++c) hash = hash_step(hash, *c);
  hash = hash_end(hash);
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at].name_length != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {hash, static_cast<std::uint32_t>(names_.size()),
                static_cast<std::uint32_t>(name.size()), number};
  names_ += name;
}

void HostIndex::prepare(std::string_view host, Probe& probe) const {
  if (names_.empty()) return;  // whatever the host, only Any can match
  if (host.ends_with('.')) host.remove_suffix(1);
  // A leading dot would pass for the key of a wildcard.
  if (host.empty() || host.front() == '.' || host.size() > kHostBytesMax) return;
  char literal[kHostBytesMax + 1];
  if (host.front() == '[') host = {literal, http::canonical_host(host, literal)};
  probe.length = host.size();
  std::uint32_t hash = kHashStart;
  for (std::size_t i = host.size(); i-- > 0;) {
    const char c = http::to_lower(host[i]);
    probe.name[i] = c;
    hash = hash_step(hash, c);
    if (c == '.' && host.size() - i <= longest_suffix_) {
      probe.suffixes[probe.count++] = {hash_end(hash), static_cast<std::uint32_t>(i)};
    }
  }
  probe.suffixes[probe.count++] = {hash_end(hash), 0};
}

std::optional<std::uint32_t> HostIndex::lookup(const Probe& probe, Suffix suffix) const {
  const std::string_view name(probe.name + suffix.start, probe.length - suffix.start);
  for (std::size_t at = suffix.hash & (slots_.size() - 1); slots_[at].name_length != 0;
       at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.hash != suffix.hash) continue;
    const std::string_view known(names_.data() + slot.name_start, slot.name_length);
    if (known == name) return slot.number;
  }
  return std::nullopt;
}

}  // namespace sluice::route
