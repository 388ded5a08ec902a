// SPDX-License-Identifier: MIT
// The loop receives for many and sends for many.
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "proxy/net/event_loop.h"
#include "tests/support/run_loop.h"
#include "tests/support/sockets.h"

namespace sluice::net {
namespace {

using Words = std::vector<std::string>;

std::string word_of(IoResult result) {
  switch (result.status) {
    case IoStatus::Ok:
      return std::to_string(result.bytes) + " bytes";
    case IoStatus::Again:
      return "nothing";
    case IoStatus::Eof:
      return "the end";
    case IoStatus::Error:
      return "error " + std::to_string(result.error);
  }
  return {};
}

// Receives by the loop, or, where it has a text, by itself; looks at it when all have received.
struct Reading final : Receiver {
  Reading(EventLoop& of, Words& words, std::string called, std::string text = {})
      : loop(of), said(words), name(std::move(called)), own(std::move(text)) {
    std::tie(peer, socket) = support::socket_pair(SOCK_STREAM);
  }

  int socket_to_receive() const override { return own.empty() ? socket.get() : -1; }
  std::size_t receive(std::span<char> into) override {
    said.push_back(name + " receives");
    std::ranges::copy(own, into.begin());
    held = {into.data(), own.size()};
    return own.size();
  }
  void on_received(IoResult result, const char* bytes) override {
    said.push_back(name + " gets " + word_of(result));
    if (result.status == IoStatus::Ok) held = {bytes, result.bytes};
  }
  void on_requeued() override {
    std::ranges::fill(loop.scratch(), '#');  // which harms nobody
    said.push_back(name + " looks");
    seen = held;
  }
  void send(std::string_view bytes) const {
    REQUIRE(::send(peer.get(), bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
  }

  EventLoop& loop;
  Words& said;
  std::string name;
  std::string own;
  Fd peer;
  Fd socket;
  std::string_view held;
  std::string seen;
};

struct Writing final : Flushable {
  Writing(Words& words, std::string called, std::string text)
      : said(words), name(std::move(called)), bytes(std::move(text)) {
    std::tie(peer, socket) = support::socket_pair(SOCK_STREAM);
  }

  Output output() override { return bytes.empty() ? Output{} : Output{socket.get(), bytes}; }
  void on_sent(IoResult result) override { said.push_back(name + " sends " + word_of(result)); }
  void on_flush() override { said.push_back("flush " + name); }

  Words& said;
  std::string name;
  std::string bytes;
  Fd peer;
  Fd socket;
};

struct CohortFixture {
  // As within an event of a turn.
  void receive(std::initializer_list<Reading*> all) {
    for (Reading* one : all) loop.receive_later(*one);
    loop.turn();
  }

  Words said;
  EventLoop loop;
};

}  // namespace

TEST_CASE_METHOD(CohortFixture, "event loop: all receive before any looks, and find it untouched",
                 "[net][event_loop]") {
  Reading a(loop, said, "a");
  Reading b(loop, said, "b", "by itself");
  Reading c(loop, said, "c");
  a.send("one");
  c.send("three");
  receive({&a, &b, &c});
  CHECK(said ==
        Words{"b receives", "a gets 3 bytes", "c gets 5 bytes", "b looks", "a looks", "c looks"});
  CHECK(a.seen == "one");
  CHECK(b.seen == "by itself");
  CHECK(c.seen == "three");
  CHECK(loop.scratch().size() == EventLoop::kScratchBytes);
}

TEST_CASE_METHOD(CohortFixture, "event loop: nothing, the end and errors are received, too",
                 "[net][event_loop]") {
  Reading a(loop, said, "a");
  Reading b(loop, said, "b");
  Reading c(loop, said, "c");
  b.peer.reset();
  c.socket = Fd(::eventfd(0, EFD_CLOEXEC));  // no socket at all
  receive({&a, &b, &c});
  CHECK(said == Words{"a gets nothing", "b gets the end",
                      "c gets error " + std::to_string(ENOTSOCK), "a looks", "b looks", "c looks"});
}

TEST_CASE_METHOD(CohortFixture, "event loop: what has no room is received when that was looked at",
                 "[net][event_loop]") {
  constexpr std::size_t kBytes = 48 * 1024;
  std::vector<std::unique_ptr<Reading>> all;
  for (const char letter : std::string("abcde")) {
    const std::string text(kBytes, letter);
    const bool itself = letter == 'c';
    all.push_back(
        std::make_unique<Reading>(loop, said, std::string(1, letter), itself ? text : ""));
    if (!itself) all.back()->send(text);
    loop.receive_later(*all.back());
  }
  loop.turn();
  for (const auto& one : all) CHECK(one->seen == std::string(kBytes, one->name.front()));
  CHECK(std::ranges::count_if(said, [](auto& word) { return word.ends_with("looks"); }) == 5);
  CHECK(said.front() == "c receives");
  CHECK(said.back().ends_with("looks"));
}

TEST_CASE_METHOD(CohortFixture,
                 "event loop: who waits to be called again is called when it has received",
                 "[net][event_loop][regression]") {
  Reading a(loop, said, "a");
  Reading b(loop, said, "b");
  loop.call_again(b);
  loop.call_again(a);
  a.send("one");
  receive({&a});
  CHECK(said == Words{"a gets 3 bytes", "a looks", "b looks"});
  CHECK(a.seen == "one");
}

TEST_CASE_METHOD(CohortFixture, "event loop: a hundred and fifty receive and send in one turn",
                 "[net][event_loop]") {
  constexpr int kMany = 150;
  std::vector<std::unique_ptr<Reading>> readers;
  std::vector<std::unique_ptr<Writing>> writers;
  for (int i = 0; i < kMany; ++i) {
    readers.push_back(std::make_unique<Reading>(loop, said, "r"));
    readers.back()->send(std::to_string(i));
    loop.receive_later(*readers.back());
    writers.push_back(std::make_unique<Writing>(said, "w", std::to_string(i)));
    loop.flush_later(*writers.back());
  }
  loop.turn();
  CHECK(std::ranges::count(said, "flush w") == kMany);
  for (int i = 0; i < kMany; ++i) {
    const auto at = static_cast<std::size_t>(i);
    REQUIRE(readers[at]->seen == std::to_string(i));
    REQUIRE(support::take_available(writers[at]->peer.get()).bytes == std::to_string(i));
  }
}

TEST_CASE_METHOD(CohortFixture, "event loop: all send before it is noted, and that before flushes",
                 "[net][event_loop]") {
  Writing a(said, "a", "one");
  Writing b(said, "b", "");
  Writing c(said, "c", "three");
  Writing gone(said, "gone", "lost");
  gone.peer.reset();
  for (Writing* one : {&a, &b, &c, &gone}) loop.flush_later(*one);
  loop.turn();
  CHECK(said == Words{"a sends 3 bytes", "c sends 5 bytes",
                      "gone sends error " + std::to_string(EPIPE), "flush a", "flush b", "flush c",
                      "flush gone"});
  CHECK(support::take_available(a.peer.get()).bytes == "one");
  CHECK(support::take_available(c.peer.get()).bytes == "three");
}

}  // namespace sluice::net
