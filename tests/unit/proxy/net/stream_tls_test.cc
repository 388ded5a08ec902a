// SPDX-License-Identifier: MIT
// A Stream that is the server side of TLS; session_test.cc has what TLS itself promises.
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>

#include "proxy/net/stream.h"
#include "tests/support/run_loop.h"
#include "tests/support/sockets.h"
#include "tests/support/stream_owner.h"
#include "tests/support/tls_peer.h"
#include "tests/unit/tls/pair.h"

namespace sluice::net {
namespace {

using support::StreamOwner;
using support::TlsPeer;
using Words = std::vector<std::string>;

struct TlsFixture : tls::test::Fixture {
  explicit TlsFixture() : TlsFixture(support::tcp_pair()) {}
  explicit TlsFixture(std::pair<Fd, Fd> pair)
      : client_fd(std::move(pair.first)),
        client(client_fd.get(), {}),
        owner(loop, std::move(pair.second), context) {}

  void handshake() {
    TlsPeer::Step step = TlsPeer::Step::Again;
    support::run_until(loop, [&] {
      if (step == TlsPeer::Step::Again) step = client.handshake();
      return step != TlsPeer::Step::Again && owner.count("established") + owner.count("broken") > 0;
    });
    REQUIRE(step == TlsPeer::Step::Done);
  }
  void client_sends(std::string_view bytes) {
    support::run_until(loop, [&] {
      client.write(bytes);
      return bytes.empty();
    });
  }
  // As the client, until so much has come or the connection has ended.
  void client_takes(std::size_t bytes) {
    support::run_until(loop, [&] {
      client_step = client.read(taken);
      return taken.size() >= bytes || ended();
    });
  }
  bool ended() const {
    return client_step == TlsPeer::Step::Closed || client_step == TlsPeer::Step::Failed;
  }

  EventLoop loop;
  Fd client_fd;
  TlsPeer client;
  StreamOwner owner;
  std::string taken;
  TlsPeer::Step client_step = TlsPeer::Step::Again;
};

std::pair<Fd, Fd> message_pair() {
  int fds[2] = {-1, -1};
  REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

// Every write(2) is a message.
struct MessageFixture : TlsFixture {
  MessageFixture() : TlsFixture(message_pair()) { SSL_set_read_ahead(client.ssl(), 1); }

  std::size_t messages() {
    std::size_t count = 0;
    std::vector<char> buffer(64 * 1024);
    while (recv(client_fd.get(), buffer.data(), buffer.size(), 0) > 0) ++count;
    return count;
  }
};

}  // namespace

TEST_CASE_METHOD(MessageFixture,
                 "stream: tickets leave with the answer to what came with the end of the handshake",
                 "[net][stream][tls]") {
  owner.on["readable"] = [this] {
    owner.received += owner.read_all();
    if (owner.received != "request") return;
    owner.stream.write("answer");
    owner.stream.finish_output();
  };
  REQUIRE(client.handshake() == TlsPeer::Step::Again);
  support::run_turns(loop, 2);
  BIO* const together = BIO_new(BIO_s_mem());
  SSL_set0_wbio(client.ssl(), together);
  REQUIRE(client.handshake() == TlsPeer::Step::Done);
  client_sends("request");
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(together, &bytes);
  REQUIRE(send(client_fd.get(), bytes, static_cast<std::size_t>(size), 0) == size);
  support::run_until(loop, [this] { return owner.count("finished") == 1; });
  CHECK(messages() == 1);
}

TEST_CASE_METHOD(MessageFixture, "stream: tickets leave without an answer, too",
                 "[net][stream][tls]") {
  handshake();
  support::run_turns(loop, 2);
  CHECK(messages() == 1);
}

TEST_CASE_METHOD(TlsFixture, "stream: under TLS it is established once, and speaks both ways",
                 "[net][stream][tls]") {
  owner.stream.write("early ");
  handshake();
  CHECK(owner.count("established") == 1);
  client_sends("hello");
  support::run_until(loop, [this] { return owner.received == "hello"; });
  owner.stream.write("answer");
  client_takes(12);
  CHECK(taken == "early answer");
}

TEST_CASE_METHOD(TlsFixture,
                 "stream: under TLS a large body waits for the socket and arrives whole",
                 "[net][stream][tls]") {
  handshake();
  const std::string body = tls::test::pattern(12 * 1024 * 1024);
  owner.stream.write("head ");
  owner.stream.write(body);
  CHECK(owner.stream.unsent() > 0);
  owner.stream.finish_output();
  while (taken.size() < body.size() + 5) client_takes(taken.size() + 1);
  CHECK(taken == "head " + body);
  support::run_until(loop, [this] { return owner.count("finished") == 1; });
  CHECK(owner.count("drained") == 1);
}

TEST_CASE_METHOD(TlsFixture, "stream: finish_output waits for the end of the handshake",
                 "[net][stream][tls]") {
  owner.stream.finish_output();
  support::run_turns(loop, 2);
  CHECK(owner.count("finished") == 0);
  handshake();
  support::run_until(loop, [this] { return owner.count("finished") == 1; });
  CHECK(owner.events.front() == "established");
}

TEST_CASE_METHOD(TlsFixture, "stream: under TLS finish_output says close_notify",
                 "[net][stream][tls]") {
  handshake();
  owner.stream.write("last");
  owner.stream.finish_output();
  support::run_until(loop, [this] { return owner.count("finished") == 1; });
  support::run_until(loop, [this] {
    client_step = client.read(taken);
    return ended();
  });
  CHECK(taken == "last");
  CHECK(client_step == TlsPeer::Step::Closed);
  CHECK((SSL_get_shutdown(client.ssl()) & SSL_RECEIVED_SHUTDOWN) != 0);
}

TEST_CASE_METHOD(TlsFixture,
                 "stream: under TLS an end that comes with the last bytes is not missed",
                 "[net][stream][tls]") {
  handshake();
  owner.stream.write("x");
  client_takes(1);  // and the tickets before it: closing on unread bytes would be a reset
  client_sends("last");
  const bool polite = GENERATE(true, false);
  if (polite) client.close_notify();
  client_fd.reset();
  support::run_until(loop, [this] {
    return owner.last.status == IoStatus::Eof || owner.last.status == IoStatus::Error;
  });
  CHECK(owner.last.status == IoStatus::Eof);
  CHECK(owner.received == "last");
}

TEST_CASE_METHOD(TlsFixture, "stream: records left inside by a pause come when it is over",
                 "[net][stream][tls]") {
  handshake();
  std::string got;
  owner.on["readable"] = [this, &got] {
    std::array<char, 10> piece;
    const IoResult result = owner.stream.read(piece);
    got.append(piece.data(), result.bytes);
    owner.stream.pause_reading();
  };
  client_sends("one record of several pieces");
  for (std::size_t events = 1; got.size() < 28; ++events) {
    owner.stream.resume_reading();
    support::run_until(loop, [&] { return owner.count("readable") >= events; });
  }
  CHECK(got == "one record of several pieces");
}

TEST_CASE_METHOD(TlsFixture, "stream: under TLS, too, it is received ahead, and the end behind it",
                 "[net][stream][tls]") {
  handshake();
  owner.takes_ahead = true;
  std::string held;
  std::string read;
  owner.on["readable"] = [&] {
    held += owner.stream.take_held();
    read += owner.read_all();
  };
  const std::string much(100 * 1024, 'm');  // in several records, and more than is received at once
  client_sends("one");
  support::run_until(loop, [&] { return !held.empty(); });
  CHECK(held == "one");
  CHECK(read.empty());
  client_sends(much);
  support::run_until(loop, [&] { return held.size() + read.size() >= 3 + much.size(); });
  SSL_shutdown(client.ssl());
  support::run_until(loop, [&] { return owner.last.status == IoStatus::Eof; });
  CHECK(held.size() + read.size() == 3 + much.size());
  CHECK(held.find_first_not_of('m', 3) == std::string::npos);
  CHECK(read.find_first_not_of('m') == std::string::npos);
}

TEST_CASE_METHOD(TlsFixture, "stream: a failed handshake is broken, once, and never established",
                 "[net][stream][tls]") {
  const std::string_view plain = "GET / HTTP/1.1\r\n\r\n";
  REQUIRE(::send(client_fd.get(), plain.data(), plain.size(), 0) ==
          static_cast<ssize_t>(plain.size()));
  support::run_until(loop, [this] { return owner.count("broken") == 1; });
  REQUIRE(::send(client_fd.get(), "more", 4, MSG_NOSIGNAL) == 4);
  support::run_turns(loop, 2);
  CHECK(owner.events == Words{"broken"});
  CHECK(owner.error == 0);  // not the system's
}

TEST_CASE_METHOD(TlsFixture, "stream: a client that goes during the handshake breaks it",
                 "[net][stream][tls]") {
  client.handshake();
  loop.turn();
  client_fd.reset();
  support::run_until(loop, [this] { return owner.count("broken") == 1; });
  CHECK(owner.count("established") == 0);
}

// Records that are TLS's own are read within a read, and were never counted: one connection held
// the loop for as long as its socket gave any.
TEST_CASE_METHOD(TlsFixture, "stream: what TLS reads for itself counts in the budget of a turn",
                 "[net][stream][tls][regression]") {
  constexpr std::size_t kPieces = 80;
  handshake();
  std::string bytes;
  for (std::size_t i = 0; i < kPieces; ++i) bytes += tls::test::key_changes(client, 200, "x");
  const std::size_t most = kPieces * (Stream::kReadBudgetBytes + 100'000) / bytes.size();
  REQUIRE(most < kPieces);
  std::size_t most_in_a_turn = 0;
  owner.on["readable"] = [&] {
    const std::string got = owner.read_all();
    most_in_a_turn = std::max(most_in_a_turn, got.size());
    owner.received += got;
  };
  REQUIRE(send(client_fd.get(), bytes.data(), bytes.size(), 0) ==
          static_cast<ssize_t>(bytes.size()));
  support::run_until(loop, [&] { return owner.received.size() == kPieces; });
  CHECK(most_in_a_turn <= most);
}

}  // namespace sluice::net
