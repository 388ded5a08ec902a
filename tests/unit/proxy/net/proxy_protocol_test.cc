// SPDX-License-Identifier: MIT
#include "proxy/net/proxy_protocol.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sluice::net {
namespace {

using Status = ProxyHeader::Status;
using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

// A version 2 header with this version and command, family and transport.
std::string binary(unsigned command, unsigned family, const std::string& rest) {
  std::string out = kSignature;
  out += static_cast<char>(command);
  out += static_cast<char>(family);
  out += static_cast<char>(rest.size() >> 8);
  out += static_cast<char>(rest.size() & 255);
  return out + rest;
}

const std::string kV4Addresses = "\xc0\x00\x02\x01\xc0\x00\x02\x02\xdc\x04\x01\xbb"s;
const std::string kV6Addresses =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
    "\xdc\x04\x01\xbb"s;

std::string source_of(const ProxyHeader& header) {
  if (header.is_local) return "local";
  return header.source ? header.source->text() : "none";
}

}  // namespace

TEST_CASE("proxy protocol: a header says who the client is", "[net][proxy_protocol]") {
  struct Row {
    std::string header;
    std::string source;
  };
  const std::vector<Row> rows = {
      {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", "192.0.2.1:56324"},
      {"PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n", "[2001:db8::1]:0"},
      {"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1:1"},
      {"PROXY UNKNOWN\r\n", "none"},
      {"PROXY UNKNOWN ffff::1 whatever 1 2\r\n", "none"},
      {binary(0x21, 0x11, kV4Addresses), "192.0.2.1:56324"},
      {binary(0x21, 0x12, kV4Addresses), "192.0.2.1:56324"},
      {binary(0x21, 0x11, kV4Addresses + "\x04\x00\x02xx"s), "192.0.2.1:56324"},
      {binary(0x21, 0x21, kV6Addresses), "[2001:db8::1]:56324"},
      {binary(0x21, 0x31, std::string(216, 'u')), "none"},
      {binary(0x21, 0x00, ""), "none"},
      {binary(0x20, 0x00, ""), "local"},
      {binary(0x20, 0x11, kV4Addresses), "local"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.header);
    const ProxyHeader header = parse_proxy_header(row.header + "GET / HTTP/1.1\r\n");
    CHECK(header.status == Status::Done);
    CHECK(header.consumed == row.header.size());
    CHECK(source_of(header) == row.source);
    for (std::size_t size = 0; size < row.header.size(); ++size) {
      CHECK(parse_proxy_header(std::string_view(row.header).substr(0, size)).status ==
            Status::NeedMore);
    }
  }
}

TEST_CASE("proxy protocol: what is none is told as soon as it can be", "[net][proxy_protocol]") {
  const std::vector<std::string> rows = {
      "GET / HTTP/1.1\r\n",
      "P ",
      "PROXY\r\n",
      "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
      "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
      "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
      "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
      "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY UNKNOWNX\r\n",
      "PROXY TCP4 " + std::string(107, '1'),
      "PROXY UNKNOWN " + std::string(107, 'x') + "\r\n",
      "\r\n\r\n\0\r\nQUIX"s,
      binary(0x11, 0x11, kV4Addresses),
      binary(0x31, 0x11, kV4Addresses),
      binary(0x22, 0x11, kV4Addresses),
      binary(0x21, 0x41, kV4Addresses),
      binary(0x21, 0x13, kV4Addresses),
      binary(0x21, 0x11, kV4Addresses.substr(1)),
      binary(0x21, 0x21, kV6Addresses.substr(1)),
      binary(0x21, 0x11, std::string(kProxyHeaderMax, 'x')).substr(0, 20),
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    CHECK(parse_proxy_header(row).status == Status::Bad);
  }
}

}  // namespace sluice::net
