// SPDX-License-Identifier: MIT
#include "tls/sni.h"

#include <algorithm>
#include <array>

namespace sluice::tls {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr unsigned char kHostName = 0;  // the only NameType there is

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view without_last_dot(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  return name;
}

// Takes a 16-bit length and that many bytes off the front; empty when they are not there.
std::span<const unsigned char> take_block(std::span<const unsigned char>& rest) {
  if (rest.size() < 2) return {};
  const std::size_t size = static_cast<std::size_t>(rest[0]) << 8 | rest[1];
  if (rest.size() - 2 < size) return {};
  const auto block = rest.subspan(2, size);
  rest = rest.subspan(2 + size);
  return block;
}

}  // namespace

std::string_view parse_server_name(std::span<const unsigned char> extension) {
  auto list = take_block(extension);
  if (list.empty() || !extension.empty() || list[0] != kHostName) return {};
  list = list.subspan(1);
  const auto name = take_block(list);
  // One name of each type at most, and host_name is the only type: nothing may follow.
  if (name.empty() || name.size() > kMaxName || !list.empty()) return {};
  return {reinterpret_cast<const char*>(name.data()), name.size()};
}

bool same_server_name(std::string_view a, std::string_view b) {
  a = without_last_dot(a);
  b = without_last_dot(b);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

void SniTable::add(std::string_view name, std::size_t target) {
  name = without_last_dot(name);
  if (name.starts_with("*.")) {
    wildcard_.try_emplace(std::string(name.substr(1)), target);
  } else if (!name.empty()) {
    exact_.try_emplace(std::string(name), target);
  }
}

std::optional<std::size_t> SniTable::find(std::string_view name) const {
  name = without_last_dot(name);
  if (name.empty() || name.size() > kMaxName) return std::nullopt;
  std::array<char, kMaxName> buffer;
  std::transform(name.begin(), name.end(), buffer.begin(), lower);
  const std::string_view wanted(buffer.data(), name.size());
  if (const auto found = exact_.find(wanted); found != exact_.end()) return found->second;
  const std::size_t dot = wanted.find('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  const auto found = wildcard_.find(wanted.substr(dot));
  return found != wildcard_.end() ? std::optional(found->second) : std::nullopt;
}

}  // namespace sluice::tls
