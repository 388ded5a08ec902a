// SPDX-License-Identifier: MIT
// Bytes that a Stream moves from and to a pipe.
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proxy/base/pipe.h"
#include "proxy/net/stream.h"
#include "tests/support/run_loop.h"
#include "tests/support/sockets.h"
#include "tests/support/stream_owner.h"

namespace sluice::net {
namespace {

using support::run_turns;
using support::run_until;
using support::StreamOwner;
using support::take_available;
using support::tcp_pair;

struct PipeFixture {
  PipeFixture() {
    auto [mine, theirs] = tcp_pair();
    peer = std::move(mine);
    owner = std::make_unique<StreamOwner>(loop, std::move(theirs));
    loop.turn();  // the edges of a fresh socket
    owner->events.clear();
  }

  Stream& stream() { return owner->stream; }
  void send(std::string_view bytes, int flags = 0) const {
    REQUIRE(::send(peer.get(), bytes.data(), bytes.size(), flags) ==
            static_cast<ssize_t>(bytes.size()));
  }
  void fill_pipe(std::string_view bytes) {
    auto [sender, from] = support::socket_pair(SOCK_STREAM);
    REQUIRE(::send(sender.get(), bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
    REQUIRE(pipe->fill(from.get(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  std::string take_pipe() {
    std::string all;
    std::string piece(16 * 1024, '\0');
    while (!pipe->empty()) all.append(piece, 0, pipe->take(piece));
    return all;
  }

  EventLoop loop;
  Fd peer;
  std::unique_ptr<StreamOwner> owner;
  std::optional<Pipe> pipe = Pipe::create();
};

}  // namespace

TEST_CASE_METHOD(PipeFixture, "stream: what came is moved into a pipe up to a limit, and then read",
                 "[net][stream][pipe]") {
  std::string moved;
  owner->on["readable"] = [&] {
    if (stream().read_into(*pipe, 4) == 4) moved += take_pipe();
    owner->received += owner->read_all();
  };
  send("0123456789");
  run_until(loop, [&] { return owner->received.size() == 6; });
  CHECK(moved == "0123");
  CHECK(owner->received == "456789");
}

TEST_CASE_METHOD(PipeFixture, "stream: nothing is moved while it is paused, nor once it is closed",
                 "[net][stream][pipe]") {
  std::size_t moved = 0;
  owner->on["readable"] = [&] {
    stream().pause_reading();
    moved = stream().read_into(*pipe, 100);
    CHECK(moved == 0);
    stream().close();
    moved = stream().read_into(*pipe, 100);
  };
  send("bytes");
  run_until(loop, [&] { return owner->count("readable") == 1; });
  CHECK(moved == 0);
  CHECK(pipe->empty());
}

TEST_CASE_METHOD(PipeFixture, "stream: what is moved counts for what may be read in one turn",
                 "[net][stream][pipe]") {
  const std::string bytes(100 * 1024, 'x');
  std::size_t moved = 0;
  std::size_t most = 0;
  owner->on["readable"] = [&] {
    std::size_t in_turn = 0;
    while (const std::size_t count = stream().read_into(*pipe, Pipe::kBytes)) {
      in_turn += count;
      take_pipe();
    }
    moved += in_turn;
    most = std::max(most, in_turn);
    owner->received += owner->read_all();
  };
  // So that more than a turn's worth is there when it is looked for.
  stream().pause_reading();
  std::size_t sent = 0;
  for (std::size_t count = bytes.size(); count > 0; sent += count) {
    count = support::fill(peer.get(), bytes.size());
  }
  run_turns(loop, 3);
  stream().resume_reading();
  run_until(loop, [&] { return moved + owner->received.size() == sent; });
  CHECK(sent > Stream::kReadBudgetBytes);
  CHECK(most <= Stream::kReadBudgetBytes);
  CHECK(owner->count("readable") > 1);
}

TEST_CASE_METHOD(PipeFixture, "stream: urgent data, over which only a read gets, holds nothing up",
                 "[net][stream][pipe]") {
  std::string all;
  owner->on["readable"] = [&] {
    while (stream().read_into(*pipe, 1000) > 0) all += take_pipe();
    all += owner->read_all();
  };
  send("before ");
  send("!", MSG_OOB);
  send("behind");
  run_until(loop, [&] { return all.ends_with("behind"); });
  CHECK(all == "before behind");
}

TEST_CASE_METHOD(PipeFixture, "stream: a pipe leaves behind what was written before",
                 "[net][stream][pipe]") {
  fill_pipe("body");
  stream().write("head ");
  CHECK(stream().send_from(*pipe) == 4);
  CHECK(pipe->empty());
  CHECK(stream().sent_bytes() == 9);
  std::string got;
  run_until(loop, [&] {
    got += take_available(peer.get()).bytes;
    return got.size() == 9;
  });
  CHECK(got == "head body");
}

TEST_CASE_METHOD(PipeFixture, "stream: a pipe waits for room, and its owner is told of it",
                 "[net][stream][pipe]") {
  const std::string before(16 * 1024 * 1024, 'x');
  fill_pipe("body");
  stream().write(before);
  CHECK(stream().send_from(*pipe) == 0);
  CHECK(stream().has_output());
  std::string got;
  owner->on["drained"] = [&] { stream().send_from(*pipe); };
  run_until(loop, [&] {
    got += take_available(peer.get()).bytes;
    return got.size() >= before.size() + 4;
  });
  CHECK(got.substr(before.size()) == "body");
  CHECK(pipe->empty());
  CHECK_FALSE(stream().has_output());
}

TEST_CASE_METHOD(PipeFixture, "stream: a pipe for somebody who has gone breaks the stream, once",
                 "[net][stream][pipe]") {
  fill_pipe("body");
  owner->on["readable"] = [] {};  // leaves the reset where it is
  const linger abort{.l_onoff = 1, .l_linger = 0};
  REQUIRE(setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort)) == 0);
  peer.reset();
  run_until(loop, [&] { return !stream().alive(); });
  CHECK(stream().send_from(*pipe) == 0);
  CHECK(stream().send_from(*pipe) == 0);
  run_until(loop, [&] { return owner->count("broken") > 0; });
  CHECK(owner->count("broken") == 1);
  CHECK(pipe->size() == 4);
}

}  // namespace sluice::net
