// SPDX-License-Identifier: MIT
// What a Stream does with what is written to it. Over SOCK_SEQPACKET each sendmsg(2) is one message
// for the peer, so that system calls can be counted.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>

#include "proxy/net/stream.h"
#include "tests/support/run_loop.h"
#include "tests/support/sockets.h"
#include "tests/support/stream_owner.h"

namespace sluice::net {
namespace {

using support::StreamOwner;
using support::Taken;
using Words = std::vector<std::string>;

constexpr std::size_t kLarge = 32 * 1024;        // leaves at once
constexpr std::size_t kHuge = 16 * 1024 * 1024;  // more than any socket takes

struct OutputFixture {
  explicit OutputFixture(std::pair<Fd, Fd> pair) : peer(std::move(pair.first)) {
    owner = std::make_unique<StreamOwner>(loop, std::move(pair.second));
    loop.turn();  // the edges of a fresh socket
    owner->events.clear();
  }

  Stream& stream() { return owner->stream; }
  void await(std::string_view event, std::size_t count = 1) {
    support::run_until(loop, [&] { return owner->count(event) >= count; });
  }
  // Reads as the peer until so much has come in all.
  void take_until(std::size_t bytes) {
    support::run_until(loop, [&] {
      taken += support::take_available(peer.get()).bytes;
      return taken.size() >= bytes;
    });
  }

  EventLoop loop;
  Fd peer;
  std::unique_ptr<StreamOwner> owner;
  std::string taken;
};

struct Messages : OutputFixture {
  Messages() : OutputFixture(support::socket_pair(SOCK_SEQPACKET)) {}
  std::string message() const { return support::take_message(peer.get()); }
};

struct Tcp : OutputFixture {
  Tcp() : OutputFixture(support::tcp_pair()) {}
};

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('a' + i / 7 % 26);
  return out;
}

}  // namespace

TEST_CASE_METHOD(Messages, "stream: what is written in one turn leaves in one message at its end",
                 "[net][stream]") {
  stream().write("head ");
  std::memcpy(stream().reserve(5), "body ", 5);
  stream().commit(5);
  stream().write("next");
  CHECK(message().empty());
  CHECK(stream().unsent() == 14);
  loop.turn();
  CHECK(message() == "head body next");
  CHECK(message().empty());
  CHECK(stream().unsent() == 0);
  CHECK(stream().sent_bytes() == 14);
  stream().write("second turn");
  loop.turn();
  CHECK(message() == "second turn");
}

TEST_CASE_METHOD(Messages, "stream: a large piece leaves at once, with what waited before it",
                 "[net][stream]") {
  const std::string body = pattern(kLarge);
  stream().write("head ");
  stream().write(body);
  CHECK(message() == "head " + body);
  CHECK(stream().unsent() == 0);
  CHECK(stream().sent_bytes() == 5 + kLarge);
  stream().write("tail");
  loop.turn();
  CHECK(message() == "tail");
}

TEST_CASE_METHOD(Tcp, "stream: what the socket does not take waits, and arrives whole",
                 "[net][stream]") {
  const std::string body = pattern(kHuge);
  stream().write("head ");
  stream().write(body);
  stream().write(" tail");
  CHECK(stream().unsent() > 0);
  CHECK(stream().sent_bytes() > 0);
  CHECK(stream().sent_bytes() + stream().unsent() == kHuge + 10);
  take_until(kHuge + 10);
  CHECK(taken == "head " + body + " tail");
  await("drained");
  CHECK(stream().unsent() == 0);
  CHECK(stream().sent_bytes() == kHuge + 10);
}

TEST_CASE_METHOD(Tcp, "stream: bytes written while others wait keep their order", "[net][stream]") {
  std::string all;
  for (std::size_t i = 0; i < 400; ++i) {
    const std::string piece(i % 5 == 0 ? 200'000 : 500 + i, static_cast<char>('a' + i % 26));
    stream().write(piece);
    all += piece;
    if (i % 10 == 0) loop.turn();
    if (i % 7 == 0) taken += support::take_available(peer.get()).bytes;
  }
  take_until(all.size());
  CHECK(taken == all);
}

TEST_CASE_METHOD(Tcp, "stream: tells once that output has fallen to the low watermark",
                 "[net][stream]") {
  stream().set_low_watermark(100'000);
  std::size_t unsent_when_told = kHuge;
  owner->on["drained"] = [&] { unsent_when_told = stream().unsent(); };
  stream().write(pattern(kHuge));
  support::run_turns(loop, 2);
  CHECK(owner->count("drained") == 0);
  take_until(kHuge);
  support::run_turns(loop, 2);
  CHECK(owner->count("drained") == 1);
  CHECK(unsent_when_told <= 100'000);
}

TEST_CASE_METHOD(Tcp, "stream: output below the low watermark is not told of", "[net][stream]") {
  stream().set_low_watermark(100);
  stream().write("short");
  take_until(5);
  CHECK(owner->count("drained") == 0);
}

TEST_CASE_METHOD(Tcp,
                 "stream: an owner that writes whenever it is drained does not hold up the "
                 "loop",
                 "[net][stream]") {
  std::size_t rounds = 0;
  owner->on["drained"] = [&] {
    ++rounds;
    taken += support::take_available(peer.get()).bytes;
    stream().write("and on");
  };
  support::run_turns(loop, 2);  // the first edge, of a socket that can be written to
  stream().write("on");
  loop.turn();
  const std::size_t first_turn = rounds;
  CHECK(first_turn <= 2);
  support::run_until(loop, [&] { return rounds > first_turn + 4; });
}

TEST_CASE_METHOD(Tcp, "stream: finish_output sends all, then the end, then tells",
                 "[net][stream]") {
  const std::string body = pattern(kHuge);
  stream().write(body);
  stream().finish_output();
  support::run_turns(loop, 2);
  CHECK(owner->count("finished") == 0);
  take_until(kHuge);
  await("finished");
  CHECK(taken == body);
  CHECK(support::take_available(peer.get()).end == Taken::End::Closed);
  REQUIRE(::send(peer.get(), "still", 5, 0) == 5);  // the other direction is open
  support::run_until(loop, [this] { return owner->received == "still"; });
  support::run_turns(loop, 1);
  CHECK(owner->count("finished") == 1);
}

TEST_CASE_METHOD(Tcp, "stream: finish_output with nothing to send is told from the loop",
                 "[net][stream]") {
  stream().finish_output();
  CHECK(owner->events.empty());
  await("finished");
  CHECK(owner->events == Words{"finished"});
}

TEST_CASE_METHOD(Tcp, "stream: a peer that goes while it is written to breaks the stream, once",
                 "[net][stream]") {
  stream().write(pattern(kHuge));
  loop.turn();
  CHECK(owner->count("broken") == 0);
  peer.reset();
  await("broken");
  const bool expected_error = owner->error == EPIPE || owner->error == ECONNRESET;
  CHECK(expected_error);
  CHECK(stream().unsent() == 0);
  stream().write("dropped");
  stream().write(pattern(kLarge));
  stream().reserve(4);
  stream().commit(4);
  CHECK(stream().unsent() == 0);
  stream().finish_output();
  support::run_turns(loop, 2);
  CHECK(owner->count("broken") == 1);
  CHECK(owner->count("finished") == 0);
  CHECK(owner->count("drained") == 0);
}

TEST_CASE("stream: a failing write is told from the loop, not from within", "[net][stream]") {
  OutputFixture fixture(support::socket_pair(SOCK_STREAM));
  REQUIRE(::send(fixture.peer.get(), "words", 5, 0) == 5);
  fixture.stream().pause_reading();
  fixture.peer.reset();
  fixture.stream().write(pattern(kLarge));  // tries at once
  CHECK(fixture.owner->events.empty());
  CHECK(fixture.stream().unsent() == 0);
  fixture.await("broken");
  CHECK(fixture.owner->error == EPIPE);
  // What came before can still be read.
  fixture.stream().resume_reading();
  fixture.await("readable");
  CHECK(fixture.owner->received == "words");
  CHECK(fixture.owner->last.status == IoStatus::Eof);
}

}  // namespace sluice::net
