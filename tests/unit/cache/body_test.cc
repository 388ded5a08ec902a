// SPDX-License-Identifier: MIT
#include "cache/body.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/cache_rig.h"

namespace sluice::cache {
namespace {

using support::TestWaiter;
using support::text_of;

std::string some_bytes(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; bytes.size() < size; ++i) bytes += std::to_string(i * 7919);
  bytes.resize(size);
  return bytes;
}

// What a body costs beyond its bytes, at most: the object, and a header for each chunk.
std::size_t unused_of(const Body& body) {
  return body.bytes_charged() - body.available();
}

// Reads to the end as a response does: takes what is there, waits for more.
std::string read_all(const BodyPtr& body) {
  std::string text;
  Cursor cursor(body);
  const auto waiter = TestWaiter::create();
  for (int waits = 0;;) {
    const Body::State state = body->state();
    const std::string_view piece = cursor.piece(10'000);
    text.append(piece);
    cursor.advance(piece.size());
    if (!piece.empty()) continue;
    if (state != Body::State::Filling) return text;
    if (!body->wait(*waiter, cursor.offset())) continue;
    if (!waiter->wait_for(++waits)) return text + " and then nobody woke me";
  }
}

}  // namespace

TEST_CASE("body: one that has outgrown the store has failed, and says why", "[cache][body]") {
  BodyWriter large(std::nullopt), cut(std::nullopt), whole(std::nullopt);
  const BodyPtr bodies[] = {large.body(), cut.body(), whole.body()};
  large.append("some");
  large.outgrow();
  large.outgrow();
  cut.fail();
  cut.outgrow();
  whole.finish();
  CHECK_FALSE(large);
  CHECK(bodies[0]->state() == Body::State::Failed);
  CHECK(bodies[0]->outgrown());
  CHECK(text_of(bodies[0]) == "some");
  CHECK_FALSE(bodies[1]->outgrown());
  CHECK_FALSE(bodies[2]->outgrown());
}

TEST_CASE("body: reads what was written, in order", "[cache][body]") {
  BodyWriter writer(std::nullopt);
  const BodyPtr body = writer.body();
  CHECK(body->state() == Body::State::Filling);
  CHECK(body->available() == 0);
  CHECK(Cursor(body).piece().empty());
  CHECK(writer.append("one, "));
  CHECK(writer.append(""));
  CHECK(writer.append("two"));
  CHECK(text_of(body) == "one, two");
  CHECK(writer.finish());
  CHECK_FALSE(writer);
  CHECK(body->state() == Body::State::Complete);
  CHECK(body->available() == 8);
}

TEST_CASE("body: a whole one is complete at once", "[cache][body]") {
  CHECK(Body::of("")->state() == Body::State::Complete);
  CHECK(Body::of("")->available() == 0);
  CHECK(text_of(Body::of("abc")) == "abc");
  CHECK(Body::of("abc")->announced() == 3);
}

TEST_CASE("body: a view stays where it is while the body grows", "[cache][body]") {
  BodyWriter writer(std::nullopt);
  writer.append("first");
  Cursor cursor(writer.body());
  const std::string_view first = cursor.piece();
  const std::string more = some_bytes(3 << 20);
  for (std::size_t at = 0; at < more.size(); at += 1000) {
    writer.append(std::string_view{more}.substr(at, 1000));
  }
  CHECK(Cursor(writer.body()).piece().data() == first.data());
  CHECK(first == "first");
  CHECK(text_of(writer.body()) == "first" + more);
}

TEST_CASE("body: an announced length is allocated exactly, as bytes come", "[cache][body]") {
  BodyWriter writer(std::uint64_t{1} << 50);
  CHECK(writer.body()->bytes_charged() < 1000);
  writer.append("x");
  CHECK(writer.body()->bytes_charged() < Body::kChunkMax + 1000);
  for (const std::size_t size : {std::size_t{1}, std::size_t{5000}, 3 * Body::kChunkMax + 17}) {
    const std::string bytes = some_bytes(size);
    const BodyPtr body = Body::of(bytes);
    CHECK(unused_of(*body) < sizeof(Body) + 5 * 64);
    CHECK(text_of(body) == bytes);
  }
}

TEST_CASE("body: without a length at most an eighth is unused", "[cache][body]") {
  for (const std::size_t size : {1U, 100U, 513U, 5000U, 40'000U, 300'000U, 5'000'000U}) {
    for (const std::size_t step : {7U, 1000U, 16'384U, 70'000U}) {
      if (size / step > 100'000) continue;
      CAPTURE(size, step);
      const std::string bytes = some_bytes(size);
      BodyWriter writer(std::nullopt);
      const BodyPtr body = writer.body();
      for (std::size_t at = 0; at < size; at += step) {
        writer.append(std::string_view{bytes}.substr(at, step));
      }
      CHECK(writer.finish());
      const bool is_equal = text_of(body) == bytes;
      CHECK(is_equal);
      const std::size_t chunk_headers = size / 16 + 64;
      CHECK(unused_of(*body) <=
            sizeof(Body) + std::max<std::size_t>(512, size / 8) + chunk_headers);
    }
  }
}

TEST_CASE("body: more or less than announced is a failure", "[cache][body]") {
  BodyWriter longer(3);
  const BodyPtr long_body = longer.body();
  CHECK(longer.append("abc"));
  CHECK_FALSE(longer.append("d"));
  CHECK_FALSE(longer);
  CHECK(long_body->state() == Body::State::Failed);
  CHECK(text_of(long_body) == "abc");

  BodyWriter shorter(3);
  const BodyPtr short_body = shorter.body();
  CHECK(shorter.append("ab"));
  CHECK_FALSE(shorter.finish());
  CHECK(short_body->state() == Body::State::Failed);
}

TEST_CASE("body: a writer that goes away has failed it", "[cache][body]") {
  BodyPtr body;
  {
    BodyWriter writer(std::nullopt);
    body = writer.body();
    BodyWriter moved = std::move(writer);
    CHECK(body->state() == Body::State::Filling);
  }
  CHECK(body->state() == Body::State::Failed);

  BodyWriter writer(std::nullopt);
  body = writer.body();
  writer = BodyWriter(5);
  CHECK(body->state() == Body::State::Failed);
  CHECK(writer.body()->announced() == 5);
}

TEST_CASE("body: a cursor goes to any offset", "[cache][body]") {
  const std::string bytes = some_bytes(2 * Body::kChunkMax + 1000);
  const BodyPtr body = Body::of(bytes);
  Cursor cursor(body);
  for (const std::size_t at : {std::size_t{0}, 2 * Body::kChunkMax + 5, std::size_t{17},
                               Body::kChunkMax, Body::kChunkMax - 1, bytes.size() - 1}) {
    CAPTURE(at);
    cursor.seek(at);
    const std::string_view piece = cursor.piece(10);
    CHECK_FALSE(piece.empty());
    const bool is_there = std::string_view{bytes}.substr(at, piece.size()) == piece;
    CHECK(is_there);
  }
  cursor.seek(Body::kChunkMax - 1);
  CHECK(cursor.piece(10).size() == 1);  // pieces end where chunks do
  cursor.seek(bytes.size());
  CHECK(cursor.piece().empty());
  cursor.seek(bytes.size() + 1);
  CHECK(cursor.piece().empty());
  CHECK(cursor.piece(0).empty());
}

TEST_CASE("body: a waiter is told once, and only of news", "[cache][body][waiter]") {
  BodyWriter writer(std::nullopt);
  const BodyPtr body = writer.body();
  const auto waiter = TestWaiter::create();
  CHECK(body->wait(*waiter, 0));
  CHECK(waiter->wakes() == 0);
  writer.append("a");
  CHECK(waiter->wakes() == 1);
  writer.append("b");
  CHECK(waiter->wakes() == 1);
  CHECK_FALSE(body->wait(*waiter, 1));  // there is news behind what it has seen
  CHECK(body->wait(*waiter, 2));
  CHECK(body->wait(*waiter, 2));  // waits already
  writer.finish();
  CHECK(waiter->wakes() == 2);
  CHECK_FALSE(body->wait(*waiter, 2));  // nothing more will come
}

TEST_CASE("body: a failure wakes, too", "[cache][body][waiter]") {
  BodyWriter writer(std::nullopt);
  const BodyPtr body = writer.body();
  const auto waiter = TestWaiter::create();
  CHECK(body->wait(*waiter, 0));
  writer.fail();
  writer.fail();
  CHECK(waiter->wakes() == 1);
}

TEST_CASE("body: who stopped waiting is not woken", "[cache][body][waiter]") {
  BodyWriter writer(std::nullopt);
  const BodyPtr body = writer.body();
  std::vector<CountedPtr<TestWaiter>> waiters;
  for (int i = 0; i < 100; ++i) {
    waiters.push_back(TestWaiter::create());
    CHECK(body->wait(*waiters.back(), 0));
  }
  for (std::size_t i = 0; i < 100; i += 3) CHECK(body->stop_waiting(*waiters[i]));
  CHECK_FALSE(body->stop_waiting(*waiters[0]));
  writer.append("a");
  for (std::size_t i = 0; i < 100; ++i) CHECK(waiters[i]->wakes() == (i % 3 == 0 ? 0 : 1));
  CHECK_FALSE(body->stop_waiting(*waiters[1]));  // woken already
}

TEST_CASE("body: those who wait again from wake() wait for the next news",
          "[cache][body][waiter]") {
  class Again final : public Waiter {
   public:
    explicit Again(BodyPtr body) : body_(std::move(body)) {}
    void wake() override {
      ++wakes;
      waits = body_->wait(*this, body_->available());
    }
    int wakes = 0;
    bool waits = false;

   private:
    BodyPtr body_;
  };
  BodyWriter writer(std::nullopt);
  std::vector<CountedPtr<Again>> waiters;
  for (int i = 0; i < 200; ++i) {  // more than are woken in one go
    waiters.push_back(CountedPtr<Again>::adopt(new Again(writer.body())));
    CHECK(writer.body()->wait(*waiters.back(), 0));
  }
  const auto all_woken = [&waiters](int wakes, bool waits) {
    return std::all_of(waiters.begin(), waiters.end(), [wakes, waits](const auto& waiter) {
      return waiter->wakes == wakes && waiter->waits == waits;
    });
  };
  writer.append("a");
  CHECK(all_woken(1, true));
  writer.append("b");
  CHECK(all_woken(2, true));
  writer.finish();
  CHECK(all_woken(3, false));
}

TEST_CASE("body: one that goes away lets go of who still waits", "[cache][body][waiter]") {
  class Dying final : public Waiter {
   public:
    explicit Dying(bool& gone) : gone_(gone) {}
    ~Dying() override { gone_ = true; }
    void wake() override {}

   private:
    bool& gone_;
  };
  bool gone = false;
  BodyPtr body = BodyWriter(std::nullopt).body();  // failed by now
  CHECK(body->state() == Body::State::Failed);
  {
    WaiterList list;
    auto waiter = CountedPtr<Dying>::adopt(new Dying(gone));
    CHECK(list.wait(*waiter, [] { return false; }));
    waiter.reset();
    CHECK_FALSE(gone);
  }
  CHECK(gone);
}

TEST_CASE("body: four threads that read while it is filled see the same bytes",
          "[cache][body][threads]") {
  const std::string bytes = some_bytes(1 << 20);
  for (const bool announced : {false, true}) {
    BodyWriter writer(announced ? std::optional<std::uint64_t>(bytes.size()) : std::nullopt);
    std::vector<std::string> texts(4);
    std::vector<std::thread> readers;
    for (std::string& text : texts) {
      readers.emplace_back([&text, body = writer.body()] { text = read_all(body); });
    }
    std::size_t step = 1;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      step = step % 4001 + 13;
      writer.append(std::string_view{bytes}.substr(at, step));
    }
    CHECK(writer.finish());
    for (std::thread& reader : readers) reader.join();
    for (const std::string& text : texts) {
      const bool is_equal = text == bytes;
      CHECK(is_equal);
    }
  }
}

TEST_CASE("body: no news is lost between a look and waiting", "[cache][body][threads]") {
  for (int round = 0; round < 2000; ++round) {
    BodyWriter writer(std::nullopt);
    std::string text;
    std::thread reader([&text, body = writer.body()] { text = read_all(body); });
    writer.append("a");
    writer.append("b");
    writer.finish();
    reader.join();
    REQUIRE(text == "ab");
  }
}

}  // namespace sluice::cache
