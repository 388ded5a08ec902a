// SPDX-License-Identifier: MIT
// Connecting, reading and closing; stream_output_test.cc has the writing.
#include "proxy/net/stream.h"

#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>

#include "proxy/net/connect.h"
#include "proxy/net/listener.h"
#include "tests/support/run_loop.h"
#include "tests/support/sockets.h"
#include "tests/support/stream_owner.h"

namespace sluice::net {
namespace {

using support::StreamOwner;
using support::Taken;
using Words = std::vector<std::string>;

void put(const Fd& fd, std::string_view bytes) {
  REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size()));
}

struct StreamFixture {
  StreamFixture() : StreamFixture(support::tcp_pair()) {}
  explicit StreamFixture(std::pair<Fd, Fd> pair) : peer(std::move(pair.first)) {
    owner = std::make_unique<StreamOwner>(loop, std::move(pair.second));
  }

  Stream& stream() { return owner->stream; }
  void await(std::string_view event, std::size_t count = 1) {
    support::run_until(loop, [&] { return owner->count(event) >= count; });
  }
  void await_received(std::string_view bytes) {
    support::run_until(loop, [&] { return owner->received.size() >= bytes.size(); });
    CHECK(owner->received == bytes);
  }

  EventLoop loop;
  Fd peer;
  std::unique_ptr<StreamOwner> owner;
};

}  // namespace

TEST_CASE_METHOD(StreamFixture, "stream: hands up what the peer sends, then its end",
                 "[net][stream]") {
  put(peer, "hello");
  await_received("hello");
  CHECK(owner->last.status == IoStatus::Again);
  put(peer, " again");
  await_received("hello again");
  REQUIRE(shutdown(peer.get(), SHUT_WR) == 0);
  support::run_until(loop, [this] { return owner->last.status == IoStatus::Eof; });
  CHECK(owner->read_all().empty());
  CHECK(owner->last.status == IoStatus::Eof);  // and stays so
}

TEST_CASE_METHOD(StreamFixture, "stream: an end that comes with the last bytes is not missed",
                 "[net][stream]") {
  put(peer, "last");
  peer.reset();
  support::run_until(loop, [this] { return owner->last.status == IoStatus::Eof; });
  CHECK(owner->received == "last");
}

TEST_CASE_METHOD(StreamFixture, "stream: between messages nothing is probed behind a short read",
                 "[net][stream]") {
  std::string behind;
  owner->on["readable"] = [this, &behind] {
    std::array<char, 100> piece;
    const IoResult first = stream().read(piece);
    if (first.status != IoStatus::Ok || first.bytes != 5) return;
    put(peer, "more");  // is there before the next read
    behind = owner->read_all();
  };
  const bool expect_more = GENERATE(false, true);
  stream().expect_more(expect_more);
  put(peer, "hello");
  await("readable");
  CHECK(behind == (expect_more ? "more" : ""));
  if (expect_more) return;
  owner->on.clear();
  await_received("more");  // the next edge brings it
}

TEST_CASE_METHOD(StreamFixture, "stream: within a message a reset behind the bytes is seen",
                 "[net][stream]") {
  stream().expect_more(true);
  put(peer, "half a mess");
  const linger abort{.l_onoff = 1, .l_linger = 0};
  REQUIRE(setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort)) == 0);
  peer.reset();
  support::run_until(loop, [this] { return owner->last.status == IoStatus::Error; });
  CHECK(owner->last.error == ECONNRESET);
}

TEST_CASE_METHOD(StreamFixture, "stream: bytes left unread come without another edge",
                 "[net][stream]") {
  std::string got;
  owner->on["readable"] = [this, &got] {
    std::array<char, 4> piece;
    const IoResult result = stream().read(piece);
    got.append(piece.data(), result.bytes);
    stream().pause_reading();
  };
  put(peer, "12345678");
  await("readable");
  stream().resume_reading();
  CHECK(owner->count("readable") == 1);  // not from within the call
  await("readable", 2);
  CHECK(got == "12345678");
}

TEST_CASE_METHOD(StreamFixture, "stream: one that never runs dry leaves the others their turn",
                 "[net][stream]") {
  auto [other_peer, other_end] = support::tcp_pair();
  StreamOwner other(loop, std::move(other_end));
  std::size_t largest = 0;
  owner->on["readable"] = [this, &largest] {
    std::array<char, 16 * 1024> piece;
    std::size_t read = 0;
    for (;;) {
      support::fill(peer.get(), piece.size());
      const IoResult result = stream().read(piece);
      if (result.status != IoStatus::Ok) break;
      read += result.bytes;
    }
    largest = std::max(largest, read);
  };
  support::fill(peer.get(), 1024);
  await("readable", 2);
  put(other_peer, "me too");
  support::run_until(loop, [&other] { return other.received == "me too"; });
  bool posted = false;
  loop.post([&posted] { posted = true; });
  support::run_until(loop, [&posted] { return posted; });
  // How much a busy kernel delivers at a time is its own affair; that it ends at the budget is
  // ours.
  CHECK(largest < Stream::kReadBudgetBytes + 16 * 1024);
}

TEST_CASE_METHOD(StreamFixture, "stream: paused, it tells nothing, and loses nothing",
                 "[net][stream]") {
  stream().pause_reading();
  put(peer, "wait");
  REQUIRE(shutdown(peer.get(), SHUT_WR) == 0);
  support::run_turns(loop, 3);
  CHECK(owner->count("readable") == 0);
  stream().resume_reading();
  stream().resume_reading();
  CHECK(owner->count("readable") == 0);
  support::run_until(loop, [this] { return owner->last.status == IoStatus::Eof; });
  CHECK(owner->received == "wait");
}

TEST_CASE_METHOD(StreamFixture, "stream: paused by its reader, it gives no more",
                 "[net][stream][regression]") {
  put(peer, "later");
  stream().pause_reading();
  support::run_turns(loop, 3);
  std::array<char, 16> into{};
  CHECK(stream().read(into).status == IoStatus::Again);
  stream().resume_reading();
  await_received("later");
}

TEST_CASE_METHOD(StreamFixture, "stream: resuming when nothing came tells nothing",
                 "[net][stream]") {
  put(peer, "x");
  await_received("x");
  stream().pause_reading();
  stream().resume_reading();
  support::run_turns(loop, 2);
  CHECK(owner->count("readable") == 1);
}

TEST_CASE_METHOD(StreamFixture, "stream: closed it tells nothing more and answers Again",
                 "[net][stream]") {
  put(peer, "unheard");
  stream().write("unsent");
  stream().close();
  CHECK(stream().closed());
  CHECK(stream().fd() == -1);
  CHECK(stream().unsent() == 0);
  stream().close();
  stream().reset();
  stream().write("more");
  stream().reserve(4);
  stream().commit(4);
  stream().finish_output();
  stream().resume_reading();
  support::run_turns(loop, 2);
  CHECK(owner->events.empty());
  CHECK(owner->read_all().empty());
  CHECK(owner->last.status == IoStatus::Again);
  CHECK(stream().unsent() == 0);
}

TEST_CASE_METHOD(StreamFixture, "stream: close() is an end for the peer, reset() a reset",
                 "[net][stream]") {
  const bool abort = GENERATE(false, true);
  abort ? stream().reset() : stream().close();
  const Taken::End expected = abort ? Taken::End::Reset : Taken::End::Closed;
  CHECK(support::take_available(peer.get()).end == expected);
}

TEST_CASE_METHOD(StreamFixture, "stream: may be closed within any event, which is then the last",
                 "[net][stream]") {
  const auto close = [this] { stream().close(); };
  for (const char* event : {"readable", "drained", "finished", "broken"}) owner->on[event] = close;
  const std::string expected =
      GENERATE(as<std::string>(), "readable", "drained", "finished", "broken");
  CAPTURE(expected);
  if (expected != "readable") stream().pause_reading();
  if (expected == "broken") REQUIRE(shutdown(stream().fd(), SHUT_WR) == 0);
  if (expected == "drained" || expected == "broken") stream().write("x");
  if (expected == "drained" || expected == "finished") stream().finish_output();
  put(peer, "x");
  await(expected);
  support::run_turns(loop, 2);
  CHECK(owner->events == Words{expected});
}

TEST_CASE_METHOD(StreamFixture, "stream: its owner may be retired from within an event",
                 "[net][stream]") {
  StreamOwner* borrowed = owner.get();
  bool alive_in_event = false;
  owner->on["readable"] = [&] {
    stream().close();
    loop.retire(std::move(owner));
    alive_in_event = borrowed->events == Words{"readable"};
  };
  put(peer, "x");
  support::run_until(loop, [this] { return owner == nullptr; });
  CHECK(alive_in_event);
  CHECK(support::take_available(peer.get()).end != Taken::End::Open);
  support::run_turns(loop, 2);
}

namespace {

struct ConnectFixture {
  // Connects to `to`; the stream stands in `owner`.
  void connect(const Address& to) {
    ConnectAttempt attempt = start_connect(to);
    REQUIRE(attempt.fd.valid());
    owner = std::make_unique<StreamOwner>(loop, std::move(attempt.fd), Stream::Connecting{});
  }
  void await(std::string_view event) {
    support::run_until(loop, [&] { return owner->count(event) > 0; });
  }

  EventLoop loop;
  std::unique_ptr<StreamOwner> owner;
};

}  // namespace

TEST_CASE_METHOD(ConnectFixture, "stream: a connection that is made is established, once",
                 "[net][stream]") {
  Result<std::vector<Fd>> listening = open_listeners(*Address::parse("127.0.0.1:0"), 1);
  REQUIRE(listening);
  connect(Address::local_of(listening->front().get()));
  owner->stream.write("early");
  owner->stream.finish_output();  // waits for the connection
  CHECK(owner->events.empty());
  await("finished");
  CHECK(owner->events.front() == "established");
  CHECK(owner->count("established") == 1);
  CHECK(owner->count("broken") == 0);
  const Fd accepted(::accept(listening->front().get(), nullptr, nullptr));
  REQUIRE(accepted.valid());
  const Taken taken = support::take_available(accepted.get());
  CHECK(taken.bytes == "early");
  CHECK(taken.end == Taken::End::Closed);
  put(accepted, "late");
  support::run_until(loop, [this] { return owner->received == "late"; });
}

TEST_CASE_METHOD(ConnectFixture, "stream: a refused connection is broken, once, and nothing else",
                 "[net][stream]") {
  const support::KeptPort refusing;
  connect(refusing.address());
  owner->stream.write("early");
  owner->stream.finish_output();
  await("broken");
  CHECK(owner->error == ECONNREFUSED);
  CHECK(owner->stream.unsent() == 0);
  support::run_turns(loop, 2);
  CHECK(owner->events == Words{"broken"});
}

TEST_CASE_METHOD(ConnectFixture, "stream: may be closed when it is established", "[net][stream]") {
  Result<std::vector<Fd>> listening = open_listeners(*Address::parse("127.0.0.1:0"), 1);
  REQUIRE(listening);
  connect(Address::local_of(listening->front().get()));
  owner->stream.write("early");
  owner->on["established"] = [this] { owner->stream.close(); };
  await("established");
  support::run_turns(loop, 2);
  CHECK(owner->events == Words{"established"});
}

}  // namespace sluice::net
