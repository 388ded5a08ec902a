// SPDX-License-Identifier: MIT
#include "proxy/base/pipe.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/sockets.h"

namespace sluice {
namespace {

using support::fill;
using support::take_available;

// What is sent over one has arrived.
std::pair<Fd, Fd> stream_pair() {
  return support::socket_pair(SOCK_STREAM);
}

std::string take_all(Pipe& pipe) {
  std::string all;
  std::string bytes(7, '\0');
  while (!pipe.empty()) all.append(bytes, 0, pipe.take(bytes));
  return all;
}

void send_all(const Fd& socket, std::string_view bytes) {
  REQUIRE(::send(socket.get(), bytes.data(), bytes.size(), 0) ==
          static_cast<ssize_t>(bytes.size()));
}

}  // namespace

TEST_CASE("pipe: bytes pass from a socket to a socket, up to a limit", "[base][pipe]") {
  auto [sender, from] = stream_pair();
  auto [to, receiver] = stream_pair();
  std::optional<Pipe> pipe = Pipe::create();
  REQUIRE(pipe);
  CHECK(pipe->empty());
  send_all(sender, "some bytes");
  CHECK(pipe->fill(from.get(), 4) == 4);
  CHECK(pipe->size() == 4);
  CHECK(pipe->drain(to.get()) == 4);
  CHECK(pipe->empty());
  CHECK(pipe->fill(from.get(), 1000) == 6);
  CHECK(pipe->drain(to.get()) == 6);
  CHECK(take_available(receiver.get()).bytes == "some bytes");
}

TEST_CASE("pipe: nothing to read, the end, and no room are told apart", "[base][pipe]") {
  auto [sender, from] = stream_pair();
  auto [to, receiver] = stream_pair();
  std::optional<Pipe> pipe = Pipe::create();
  REQUIRE(pipe);
  CHECK(pipe->fill(from.get(), 1000) == -1);
  CHECK(errno == EAGAIN);
  send_all(sender, "last");
  sender.reset();
  CHECK(pipe->fill(from.get(), 1000) == 4);
  fill(to.get(), 64 * 1024 * 1024);
  CHECK(pipe->drain(to.get()) == -1);
  CHECK(errno == EAGAIN);
  CHECK(pipe->size() == 4);
  CHECK(take_all(*pipe) == "last");
  CHECK(pipe->fill(from.get(), 1000) == 0);
}

TEST_CASE("pipe: what it holds can be taken into memory, in pieces", "[base][pipe]") {
  auto [sender, from] = stream_pair();
  std::optional<Pipe> pipe = Pipe::create();
  REQUIRE(pipe);
  send_all(sender, "0123456789abcdef");
  REQUIRE(pipe->fill(from.get(), 16) == 16);
  CHECK(take_all(*pipe) == "0123456789abcdef");
  CHECK(pipe->empty());
}

TEST_CASE("pipe: a pool has only so many at a time", "[base][pipe]") {
  PipePool pool;
  std::vector<PipePool::Handle> handles;
  for (std::size_t i = 0; i < PipePool::kMost; ++i) handles.push_back(pool.take());
  for (const PipePool::Handle& handle : handles) CHECK(handle != nullptr);
  CHECK(pool.take() == nullptr);
  handles.pop_back();
  CHECK(pool.take() != nullptr);
}

TEST_CASE("pipe: a pool keeps an empty one, and drops one that still holds bytes", "[base][pipe]") {
  PipePool pool;
  PipePool::Handle pipe = pool.take();
  const Pipe* const first = pipe.get();
  pipe.reset();
  pipe = pool.take();
  CHECK(pipe.get() == first);

  auto [sender, from] = stream_pair();
  send_all(sender, "of another response");
  REQUIRE(pipe->fill(from.get(), 1000) > 0);
  pipe.reset();
  pipe = pool.take();
  REQUIRE(pipe != nullptr);
  CHECK(pipe->empty());
  CHECK(pipe->fill(from.get(), 1000) == -1);
}

TEST_CASE("pipe: without a descriptor there is none, and there is one again afterwards",
          "[base][pipe]") {
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  // The lowest free number becomes the limit.
  const int lowest = ::dup(0);
  REQUIRE(lowest >= 0);
  ::close(lowest);
  for (const int more : {0, 1, 2, 3}) {  // for none, for half a pipe, and for its first trial
    PipePool pool;
    const rlimit tight{static_cast<rlim_t>(lowest + more), limit.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
    const bool got = pool.take() != nullptr;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK_FALSE(got);
    for (unsigned i = 0; i < PipePool::kRefusals; ++i) CHECK(pool.take() == nullptr);
    CHECK(pool.take() != nullptr);
  }
}

}  // namespace sluice
