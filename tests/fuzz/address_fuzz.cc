// SPDX-License-Identifier: MIT
// IP addresses, CIDR blocks, socket addresses: what is read reads the same when it is printed, and
// what conf/ lets through is understood by those who use it.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "conf/syntax.h"
#include "proxy/base/ip.h"
#include "proxy/net/address.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using support::Exact;

void check_ip(std::string_view text) {
  const std::optional<IpAddress> address = IpAddress::parse(text);
  if (!address) return;
  MUST(!address->is_none());
  MUST(IpAddress::parse(address->to_string()) == address);
  MUST(address->to_string().size() <= IpAddress::kMaxText);
  const unsigned most = address->is_v4() ? 32 : 128;
  MUST(address->masked(most) == *address);
  MUST(address->masked(0).is_unspecified());
  for (unsigned bits = 0; bits <= most; ++bits) {
    const IpAddress masked = address->masked(bits);
    MUST(masked.family == address->family && masked.masked(bits) == masked);
    const auto block = Cidr::parse(masked.to_string() + "/" + std::to_string(bits));
    // "::/80" and the like would hold the mapped addresses of IPv4, too; "::ffff:0:0/90" is none.
    MUST(block.has_value());
    MUST(block->contains(*address) && block->contains(masked));
  }
}

void check_cidr(std::string_view text) {
  const std::optional<Cidr> block = Cidr::parse(text);
  // What the configuration accepts is not dropped in silence.
  MUST(block.has_value() || conf::cidr_fault(text));
  if (!block) return;
  MUST(block->bits <= 128);
  MUST(block->contains(block->base));
  const unsigned own = block->base.is_v4() ? block->bits - 96U : block->bits;
  const std::string printed = block->base.to_string() + "/" + std::to_string(own);
  MUST(Cidr::parse(printed) == block);
}

// Refused in any string of a configuration, before what the string means is looked at.
bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void check_socket_address(std::string_view text) {
  const std::optional<net::Address> address = net::Address::parse(text);
  conf::Fault fault;
  const auto endpoint = conf::parse_endpoint(text, &fault);
  MUST(endpoint || !fault.message.empty());
  if (!has_control(text)) {
    MUST(address.has_value() || conf::listener_address_fault(text));
    MUST(address.has_value() || conf::backend_address_fault(text) ||
         endpoint->kind == conf::Endpoint::Kind::Name);
  }
  if (!address) return;
  const std::optional<net::Address> again = net::Address::parse(address->text());
  MUST(again && *again == *address && again->text() == address->text());
  const net::Address copy(address->data(), address->size());
  MUST(copy == *address);
  if (address->is_unix()) MUST(!address->path().empty());
}

}  // namespace

void address(std::string_view bytes) {
  const Exact exact(bytes);
  check_ip(exact.view());
  check_cidr(exact.view());
  check_socket_address(exact.view());
}

}  // namespace sluice::fuzz
