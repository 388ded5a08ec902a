// SPDX-License-Identifier: MIT
#include "proxy/base/arena.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace sluice {
namespace {

struct Counted {
  explicit Counted(int& alive_now) : alive(alive_now) { ++alive; }
  virtual ~Counted() { --alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  int& alive;
};

struct Derived : Counted {
  using Counted::Counted;
  std::string text = std::string(100, 'd');
};

}  // namespace

TEST_CASE("arena: pieces do not overlap, be they many or large", "[base][arena]") {
  Arena arena;
  std::vector<std::pair<char*, std::size_t>> pieces;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::size_t size = i % 10 == 0 ? 2 * Arena::kChunkBytes + i : i;
    pieces.emplace_back(arena.allocate(size), size);
    std::memset(pieces.back().first, static_cast<int>(i % 251), size);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string_view bytes(pieces[i].first, pieces[i].second);
    CAPTURE(i);
    REQUIRE(bytes == std::string(bytes.size(), static_cast<char>(i % 251)));
  }
}

TEST_CASE("arena: alignment is kept, after odd sizes and in large pieces", "[base][arena]") {
  Arena arena;
  for (const std::size_t alignment : {1U, 2U, 4U, 8U, 16U}) {
    arena.allocate(3);
    for (const std::size_t size : {std::size_t{8}, 2 * Arena::kChunkBytes}) {
      const char* piece = arena.allocate(size, alignment);
      CHECK(reinterpret_cast<std::uintptr_t>(piece) % alignment == 0);
    }
  }
}

TEST_CASE("arena: the whole first chunk can be used", "[base][arena]") {
  Arena arena;
  const char* first = arena.allocate(Arena::kChunkBytes - 1);
  CHECK(arena.allocate(1) == first + Arena::kChunkBytes - 1);
}

TEST_CASE("arena: copies are its own", "[base][arena]") {
  Arena arena;
  std::string original = "some text";
  const std::string_view copy = arena.copy(original);
  original.assign(original.size(), 'x');
  CHECK(copy == "some text");
  CHECK(arena.copy("").empty());
}

TEST_CASE("arena: reset gives the same memory again", "[base][arena]") {
  Arena arena;
  const char* first = arena.allocate(100);
  arena.allocate(3 * Arena::kChunkBytes);
  arena.reset();
  CHECK(arena.allocate(100) == first);
}

TEST_CASE("arena: an object ends with its pointer, by way of its base too", "[base][arena]") {
  Arena arena;
  int alive = 0;
  {
    const ArenaPtr<Derived> own = arena.make<Derived>(alive);
    const ArenaPtr<Counted> as_base = arena.make<Derived>(alive);
    CHECK(alive == 2);
    CHECK(own->text == std::string(100, 'd'));
  }
  CHECK(alive == 0);
  arena.reset();
}

}  // namespace sluice
