// SPDX-License-Identifier: MIT
// The PROXY protocol's header: one verdict however the bytes arrive, and a source that is told
// again, in the words of version 1, is the same.
#include <string>
#include <string_view>

#include "proxy/net/proxy_protocol.h"
#include "tests/fuzz/cuts.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using net::ProxyHeader;
using Status = net::ProxyHeader::Status;
using support::Exact;

std::string told_again(const net::Address& source) {
  const IpAddress ip = source.ip();
  const std::string words = ip.is_v4() ? "TCP4 " + ip.to_string() + " 192.0.2.1 "
                                       : "TCP6 " + ip.to_string() + " 2001:db8::1 ";
  return "PROXY " + words + std::to_string(source.port()) + " 443\r\n";
}

void check_done(std::string_view bytes, const ProxyHeader& header) {
  MUST(header.consumed != 0 && header.consumed <= bytes.size());
  MUST(header.consumed <= net::kProxyHeaderMax);
  const Exact alone(bytes.substr(0, header.consumed));
  const ProxyHeader again = net::parse_proxy_header(alone.view());
  MUST(again.status == Status::Done && again.consumed == header.consumed);
  MUST(again.source == header.source);
  if (!header.source) return;
  MUST(!header.source->is_unix());
  const std::string told = told_again(*header.source);
  const ProxyHeader read = net::parse_proxy_header(told);
  MUST(read.status == Status::Done && read.consumed == told.size());
  MUST(read.source == header.source);
}

}  // namespace

void proxy_protocol(std::string_view bytes) {
  const Exact exact(bytes);
  const ProxyHeader header = net::parse_proxy_header(exact.view());
  const bool done = header.status == Status::Done;
  if (done) check_done(exact.view(), header);
  if (header.status == Status::NeedMore) MUST(bytes.size() < net::kProxyHeaderMax);
  bool refused = false;
  for_each_cut(done ? header.consumed : bytes.size(), [&](std::size_t at) {
    const Exact part(bytes.substr(0, at));
    const Status status = net::parse_proxy_header(part.view()).status;
    MUST(status != Status::Done);
    MUST(!refused || status == Status::Bad);
    refused = status == Status::Bad;
    MUST(!refused || header.status == Status::Bad);
  });
}

}  // namespace sluice::fuzz
