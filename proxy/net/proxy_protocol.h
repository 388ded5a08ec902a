// SPDX-License-Identifier: MIT
// The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt, 2020): the header with which
// a balancer in front says whose connection it passes on. Only the source is of use here; what else
// a version 2 header carries is skipped. Pure; nothing allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/net/address.h"

namespace sluice::net {

// No header is read beyond this: version 1 has at most 107 bytes, version 2 its addresses and a few
// optional fields.
inline constexpr std::size_t kProxyHeaderMax = 4096;

struct ProxyHeader {
  enum class Status : std::uint8_t { NeedMore, Done, Bad };

  Status status = Status::Bad;
  std::size_t consumed = 0;       // bytes of the header; meaningful when Done
  std::optional<Address> source;  // none: of no known kind, or the balancer's own
  bool is_local = false;          // the balancer's own, and nobody's behind it
};

// Judges what a connection began with.
ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace sluice::net
