// SPDX-License-Identifier: MIT
#include "proxy/net/address.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <vector>

#include "proxy/base/fd.h"

namespace sluice::net {
namespace {

Address address(std::string_view text) {
  std::optional<Address> parsed = Address::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("address: every form is read, and written as it was", "[net][address]") {
  struct Case {
    std::string_view text;
    int family;
    std::string_view written;
  };
  for (const Case& c :
       {Case{"10.0.0.1:80", AF_INET, "10.0.0.1:80"}, Case{"0.0.0.0:0", AF_INET, "0.0.0.0:0"},
        Case{"255.255.255.255:65535", AF_INET, "255.255.255.255:65535"},
        Case{"[::1]:443", AF_INET6, "[::1]:443"},
        Case{"[2001:DB8:0:0::7]:1", AF_INET6, "[2001:db8::7]:1"},
        Case{"[::]:80", AF_INET6, "[::]:80"}, Case{":80", AF_INET6, "[::]:80"},
        Case{"[::ffff:10.0.0.1]:80", AF_INET, "10.0.0.1:80"},
        Case{"unix:/run/app.sock", AF_UNIX, "unix:/run/app.sock"}}) {
    CAPTURE(c.text);
    CHECK(address(c.text).family() == c.family);
    CHECK(address(c.text).text() == c.written);
    CHECK(address(address(c.text).text()) == address(c.text));
  }
}

TEST_CASE("address: what is no numeric address is refused", "[net][address]") {
  using std::string_view_literals::operator""sv;
  for (const std::string_view text : {""sv,
                                      "10.0.0.1"sv,
                                      "10.0.0.1:"sv,
                                      "10.0.0.1:x"sv,
                                      "10.0.0.1:-1"sv,
                                      "10.0.0.1:65536"sv,
                                      "10.0.0.1:80 "sv,
                                      "10.0.0:80"sv,
                                      "10.0.0.256:80"sv,
                                      "010.0.0.1:80"sv,
                                      "localhost:80"sv,
                                      "::1:80"sv,
                                      "[::1]"sv,
                                      "[10.0.0.1]:80"sv,
                                      "[]:80"sv,
                                      "[::1:80"sv,
                                      "[::g]:80"sv,
                                      "10.0.0.1\0:80"sv,
                                      "unix:"sv,
                                      "unix:/a\0b"sv}) {
    CAPTURE(text);
    CHECK_FALSE(Address::parse(text));
  }
}

TEST_CASE("address: a Unix path has to fit with its terminator", "[net][address]") {
  const std::string path(sizeof(sockaddr_un::sun_path) - 1, 'p');
  CHECK(address("unix:" + path).path() == path);
  CHECK_FALSE(Address::parse("unix:" + path + "p"));
}

TEST_CASE("address: ip() and of() are inverse", "[net][address]") {
  for (const std::string_view text : {"10.0.0.1", "0.0.0.0", "2001:db8::1", "::"}) {
    CAPTURE(text);
    const std::optional<IpAddress> ip = IpAddress::parse(text);
    REQUIRE(ip);
    const Address made = Address::of(*ip, 8080);
    CHECK(made.ip() == *ip);
    CHECK(made.port() == 8080);
    CHECK(made.family() == (ip->is_v4() ? AF_INET : AF_INET6));
  }
}

TEST_CASE("address: an IPv4 peer of a dual-stack socket is its IPv4 address", "[net][address]") {
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = htons(80);
  mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
  mapped.sin6_addr.s6_addr[12] = 10;
  mapped.sin6_addr.s6_addr[15] = 1;
  const Address peer(reinterpret_cast<const sockaddr*>(&mapped), sizeof(mapped));
  CHECK(peer.ip() == address("10.0.0.1:80").ip());
  CHECK(peer.text() == "10.0.0.1:80");
  CHECK(peer == address("10.0.0.1:80"));
}

TEST_CASE("address: only the unspecified IPv6 address is for both families", "[net][address]") {
  CHECK(address(":80").is_any_v6());
  CHECK(address("[::]:80").is_any_v6());
  CHECK_FALSE(address("[::1]:80").is_any_v6());
  CHECK_FALSE(address("0.0.0.0:80").is_any_v6());
  CHECK_FALSE(address("unix:/a").is_any_v6());
}

TEST_CASE("address: ordered by family, address, port", "[net][address]") {
  const std::vector<Address> ordered = {address("9.255.0.1:9"),  address("10.0.0.1:80"),
                                        address("10.0.0.1:443"), address("10.0.0.2:1"),
                                        address("[::1]:1"),      address("[2001:db8::1]:1")};
  std::vector<Address> shuffled(ordered.rbegin(), ordered.rend());
  std::sort(shuffled.begin(), shuffled.end());
  CHECK(shuffled == ordered);
  for (std::size_t i = 1; i < ordered.size(); ++i) CHECK(ordered[i - 1] < ordered[i]);
}

TEST_CASE("address: paths differ from addresses and from each other", "[net][address]") {
  CHECK(address("unix:/a") == address("unix:/a"));
  CHECK(address("unix:/a") != address("unix:/b"));
  CHECK(address("unix:/a") != address("10.0.0.1:80"));
}

TEST_CASE("address: a path is equal however the kernel measures it", "[net][address]") {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, "/a", 3);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 3);
  CHECK(Address(reinterpret_cast<const sockaddr*>(&local), length) == address("unix:/a"));
}

TEST_CASE("address: an unnamed peer has no path", "[net][address]") {
  int pair[2] = {-1, -1};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  const Fd one(pair[0]);
  const Fd other(pair[1]);
  const Address unnamed = Address::local_of(one.get());
  CHECK(unnamed.is_unix());
  CHECK(unnamed.path().empty());
  CHECK(unnamed.text() == "unix:");
}

TEST_CASE("address: none at all is unknown", "[net][address]") {
  CHECK(Address().text() == "unknown");
  CHECK(Address().ip().is_none());
}

}  // namespace sluice::net
