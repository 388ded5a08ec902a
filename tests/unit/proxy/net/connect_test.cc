// SPDX-License-Identifier: MIT
#include "proxy/net/connect.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "proxy/net/listener.h"
#include "tests/support/temp_dir.h"

namespace sluice::net {
namespace {

Address open_listener(std::vector<Fd>& keep, const Address& at) {
  Result<std::vector<Fd>> opened = open_listeners(at, 1);
  REQUIRE(opened);
  keep = std::move(*opened);
  return Address::local_of(keep.front().get());
}

}  // namespace

TEST_CASE("connect: a socket towards a backend neither blocks nor delays nor is inherited",
          "[net][connect]") {
  std::vector<Fd> listening;
  const ConnectAttempt attempt =
      start_connect(open_listener(listening, *Address::parse("127.0.0.1:0")));
  REQUIRE(attempt.fd.valid());
  CHECK(attempt.error == 0);
  CHECK((fcntl(attempt.fd.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((fcntl(attempt.fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
  int no_delay = 0;
  socklen_t length = sizeof(no_delay);
  REQUIRE(getsockopt(attempt.fd.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &length) == 0);
  CHECK(no_delay != 0);
}

TEST_CASE("connect: a Unix path works too", "[net][connect]") {
  const support::TempDir dir;
  std::vector<Fd> listening;
  const Address path = *Address::parse("unix:" + dir.file("socket"));
  open_listener(listening, path);
  CHECK(start_connect(path).fd.valid());
}

TEST_CASE("connect: what fails at once says why", "[net][connect]") {
  const support::TempDir dir;
  const ConnectAttempt absent = start_connect(*Address::parse("unix:" + dir.file("absent")));
  CHECK_FALSE(absent.fd.valid());
  CHECK(absent.error == ENOENT);
  const ConnectAttempt nowhere = start_connect(Address());
  CHECK_FALSE(nowhere.fd.valid());
  CHECK(nowhere.error != 0);
}

}  // namespace sluice::net
