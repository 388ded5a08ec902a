// SPDX-License-Identifier: MIT
#include "proxy/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <functional>
#include <optional>

#include "tests/support/run_loop.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_dir.h"

namespace sluice::net {
namespace {

struct Recorder final : Listener::Owner {
  void on_accepted(Listener& listener, Fd fd, const Address& peer) override {
    accepted.push_back(std::move(fd));
    peers.push_back(peer);
    if (then) then(listener);
  }
  void on_accept_paused(Listener& listener, int error) override {
    pauses.push_back(error);
    if (then) then(listener);
  }

  std::vector<Fd> accepted;
  std::vector<Address> peers;
  std::vector<int> pauses;
  std::function<void(Listener&)> then;
};

std::vector<Fd> open(const Address& address, std::size_t count) {
  Result<std::vector<Fd>> opened = open_listeners(address, count);
  if (!opened) FAIL(opened.error().text());
  return std::move(*opened);
}

std::string why_not(const Address& address) {
  const Result<std::vector<Fd>> opened = open_listeners(address, 1);
  return opened ? "" : opened.error().text();
}

const Address kAnyPort = *Address::parse("127.0.0.1:0");

struct ListenerFixture {
  void connect_clients(int count) {
    for (int i = 0; i < count; ++i) clients.push_back(support::connect_to(listener.local()));
  }
  void await_accepted(std::size_t count) {
    support::run_until(loop, [this, count] { return recorder.accepted.size() >= count; });
  }

  EventLoop loop;
  Recorder recorder;
  Listener listener{loop, std::move(open(kAnyPort, 1).front()), &recorder};
  std::vector<Fd> clients;
};

// No descriptor can be opened while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const Fd next_free(dup(0));
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next_free.get());
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE_METHOD(ListenerFixture,
                 "listener: an accepted socket is non-blocking, not inherited, undelayed",
                 "[net][listener]") {
  connect_clients(1);
  await_accepted(1);
  const int fd = recorder.accepted[0].get();
  CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  int no_delay = 0;
  socklen_t length = sizeof(no_delay);
  REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length) == 0);
  CHECK(no_delay != 0);
  CHECK(recorder.peers[0] == Address::local_of(clients[0].get()));
}

TEST_CASE_METHOD(ListenerFixture, "listener: asks for more in a turn as more come, up to a bound",
                 "[net][listener]") {
  connect_clients(80);
  std::vector<std::size_t> turns;
  for (std::size_t before = 0; before < 80; before = recorder.accepted.size()) {
    support::run_until(loop, [&] { return recorder.accepted.size() > before; });
    turns.push_back(recorder.accepted.size() - before);
  }
  CHECK(turns == std::vector<std::size_t>{1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 16, 16, 10});
  // After a turn that found less it asks for as many as it found.
  connect_clients(30);
  support::run_until(loop, [&] { return recorder.accepted.size() > 80; });
  CHECK(recorder.accepted.size() == 90);
  await_accepted(110);
}

TEST_CASE_METHOD(ListenerFixture, "listener: while it is paused the queue waits",
                 "[net][listener]") {
  listener.pause();
  listener.pause();
  connect_clients(2);
  support::run_turns(loop, 2);
  CHECK(recorder.accepted.empty());
  listener.resume();
  await_accepted(2);
}

TEST_CASE_METHOD(ListenerFixture, "listener: the owner may pause from within on_accepted",
                 "[net][listener]") {
  recorder.then = [](Listener& from) { from.pause(); };
  connect_clients(3);
  await_accepted(1);
  support::run_turns(loop, 2);
  CHECK(recorder.accepted.size() == 1);
  recorder.then = nullptr;
  listener.resume();
  await_accepted(3);
}

TEST_CASE_METHOD(ListenerFixture, "listener: out of descriptors it pauses, and goes on by itself",
                 "[net][listener]") {
  connect_clients(2);
  {
    const NoDescriptors none;
    support::run_until(loop, [this] { return !recorder.pauses.empty(); });
    loop.turn();  // does not spin: nothing comes before the next tick
    CHECK(recorder.pauses == std::vector<int>{EMFILE});
    CHECK(recorder.accepted.empty());
  }
  await_accepted(2);
}

TEST_CASE_METHOD(ListenerFixture,
                 "listener: the end of an exhaustion does not end the owner's pause",
                 "[net][listener]") {
  connect_clients(1);
  {
    const NoDescriptors none;
    recorder.then = [](Listener& from) { from.pause(); };
    support::run_until(loop, [this] { return !recorder.pauses.empty(); });
  }
  recorder.then = nullptr;
  const TimePoint later = loop.now() + std::chrono::milliseconds(200);
  support::run_until(loop, [this, later] { return loop.now() > later; });
  CHECK(recorder.accepted.empty());
  listener.resume();
  await_accepted(1);
}

TEST_CASE_METHOD(ListenerFixture, "listener: nor does the owner's resume() end the exhaustion",
                 "[net][listener]") {
  connect_clients(1);
  const NoDescriptors none;
  support::run_until(loop, [this] { return !recorder.pauses.empty(); });
  listener.resume();
  loop.turn();
  CHECK(recorder.pauses.size() == 1);
}

TEST_CASE_METHOD(ListenerFixture, "listener: drain_and_close takes what is queued, then refuses",
                 "[net][listener]") {
  connect_clients(50);
  const Address address = listener.local();
  listener.drain_and_close();
  CHECK(recorder.accepted.size() == 50);
  for (const Fd& client : clients) {
    CHECK(support::take_available(client.get()).end == support::Taken::End::Open);
  }
  CHECK_THROWS(support::connect_to(address));
  listener.drain_and_close();
  listener.resume();
  support::run_turns(loop, 1);
}

TEST_CASE_METHOD(ListenerFixture, "listener: drain_and_close may come from within on_accepted",
                 "[net][listener]") {
  recorder.then = [](Listener& from) { from.drain_and_close(); };
  connect_clients(5);
  await_accepted(5);
  CHECK(recorder.accepted.size() == 5);
  CHECK_THROWS(support::connect_to(listener.local()));
}

TEST_CASE_METHOD(ListenerFixture, "listener: draining without descriptors ends",
                 "[net][listener]") {
  connect_clients(2);
  const NoDescriptors none;
  listener.drain_and_close();
  CHECK(recorder.pauses == std::vector<int>{EMFILE});
}

TEST_CASE("listener: port 0 is chosen once and shared by all workers", "[net][listener]") {
  std::vector<Fd> sockets = open(kAnyPort, 3);
  REQUIRE(sockets.size() == 3);
  const Address address = Address::local_of(sockets[0].get());
  CHECK(address.port() != 0);
  EventLoop loop;
  Recorder recorder;
  std::vector<std::unique_ptr<Listener>> listeners;
  for (Fd& fd : sockets) {
    listeners.push_back(std::make_unique<Listener>(loop, std::move(fd), &recorder));
    CHECK(listeners.back()->local() == address);
  }
  std::vector<Fd> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(support::connect_to(address));
  support::run_until(loop, [&recorder] { return recorder.accepted.size() == 60; });
}

TEST_CASE("listener: a port of somebody else is an error with its address", "[net][listener]") {
  const Fd other(::socket(AF_INET, SOCK_STREAM, 0));
  REQUIRE(::bind(other.get(), kAnyPort.data(), kAnyPort.size()) == 0);
  REQUIRE(::listen(other.get(), 1) == 0);
  const Address taken = Address::local_of(other.get());
  CHECK(why_not(taken) == taken.text() + ": cannot bind: Address already in use");
}

TEST_CASE("listener: an address without family is an error", "[net][listener]") {
  CHECK(why_not(Address()).find("unknown: cannot open a socket: ") == 0);
}

TEST_CASE("listener: a port alone takes both families", "[net][listener]") {
  const std::vector<Fd> sockets = open(*Address::parse(":0"), 2);
  const std::uint16_t port = Address::local_of(sockets[0].get()).port();
  CHECK(Address::local_of(sockets[1].get()).port() == port);
  CHECK(support::connect_to(Address::of(*IpAddress::parse("127.0.0.1"), port)).valid());
}

TEST_CASE("listener: a Unix path is shared by all workers", "[net][listener]") {
  const support::TempDir dir;
  const Address path = *Address::parse("unix:" + dir.file("socket"));
  std::vector<Fd> sockets = open(path, 2);
  REQUIRE(sockets.size() == 2);
  EventLoop loop;
  Recorder recorder;
  for (Fd& fd : sockets) {
    const Listener listener(loop, std::move(fd), &recorder);
    CHECK(listener.local() == path);
    const Fd client = support::connect_to(path);
    const std::size_t wanted = recorder.accepted.size() + 1;
    support::run_until(loop, [&] { return recorder.accepted.size() == wanted; });
    CHECK(recorder.peers.back().path().empty());
  }
}

TEST_CASE("listener: a Unix socket left behind is replaced, one in use is not", "[net][listener]") {
  const support::TempDir dir;
  const Address path = *Address::parse("unix:" + dir.file("socket"));
  {
    const std::vector<Fd> alive = open(path, 1);
    CHECK(why_not(path) == path.text() + ": cannot bind: Address already in use");
    CHECK(support::connect_to(path).valid());
  }
  const std::vector<Fd> replaced = open(path, 1);
  CHECK(support::connect_to(path).valid());
}

TEST_CASE("listener: a Unix socket with a full queue is in use", "[net][listener]") {
  const support::TempDir dir;
  const Address path = *Address::parse("unix:" + dir.file("socket"));
  const Fd busy(::socket(AF_UNIX, SOCK_STREAM, 0));
  REQUIRE(::bind(busy.get(), path.data(), path.size()) == 0);
  REQUIRE(::listen(busy.get(), 1) == 0);
  std::vector<Fd> waiting;
  int refused = 0;
  while (refused == 0 && waiting.size() < 100) {
    waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    refused = ::connect(waiting.back().get(), path.data(), path.size());
  }
  REQUIRE(refused == -1);
  CHECK(why_not(path) == path.text() + ": cannot bind: Address already in use");
}

TEST_CASE("listener: a file that is no socket is left alone", "[net][listener]") {
  const support::TempDir dir;
  const std::string file = dir.write("data", "precious");
  CHECK(why_not(*Address::parse("unix:" + file)) ==
        "unix:" + file + ": cannot bind: Address already in use");
  CHECK(support::read_file(file) == "precious");
}

}  // namespace sluice::net
