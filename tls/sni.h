// SPDX-License-Identifier: MIT
// Server name indication (RFC 6066 section 3): which certificate a client asks for. Values only.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::tls {

// The host name in the body of a server_name extension as it came off the wire. Empty when there is
// none or the extension is malformed; OpenSSL's own parser then refuses the handshake.
std::string_view parse_server_name(std::span<const unsigned char> extension);

// Do two names mean the same host? Case does not count, nor does one trailing dot.
bool same_server_name(std::string_view a, std::string_view b);

// Names of certificates to what serves them: exact names first, then "*.rest", which stands for one
// whole label (RFC 6125 section 6.4.3). Immutable once filled; any thread may look up.
class SniTable {
 public:
  // `name` in lower case. The first of two equal names stays.
  void add(std::string_view name, std::size_t target);

  // `name` in any case. No allocation.
  std::optional<std::size_t> find(std::string_view name) const;

 private:
  using Targets = std::map<std::string, std::size_t, std::less<>>;
  Targets exact_;
  Targets wildcard_;  // by what follows the star: ".example.com"
};

}  // namespace sluice::tls
