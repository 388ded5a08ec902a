// SPDX-License-Identifier: MIT
#include "proxy/base/buffer.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <string>

namespace sluice {
namespace {

std::string content(const Buffer& buffer) {
  std::array<iovec, 256> pieces{};
  std::string out;
  const std::size_t count = buffer.gather(pieces);
  for (std::size_t i = 0; i < count; ++i) {
    out.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  }
  return out;
}

std::string pattern(std::size_t size, unsigned start = 0) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>('a' + start++ % 26);
  return out;
}

void put(Buffer& buffer, std::string_view bytes) {
  std::memcpy(buffer.reserve(bytes.size()), bytes.data(), bytes.size());
  buffer.commit(bytes.size());
}

struct BufferFixture {
  BlockPool pool;
  Buffer buffer{pool};
};

constexpr std::size_t kBlock = BlockPool::kBlockBytes;

}  // namespace

TEST_CASE_METHOD(BufferFixture, "buffer: gives back what was put in, across blocks",
                 "[base][buffer]") {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kBlock - 1, kBlock, kBlock + 1, 3 * kBlock + 7}) {
    CAPTURE(size);
    const std::string bytes = pattern(size);
    buffer.append(bytes);
    CHECK(buffer.size() == size);
    CHECK(buffer.empty() == (size == 0));
    CHECK(content(buffer) == bytes);
    CHECK(buffer.flatten() == bytes);
    CHECK(content(buffer) == bytes);
    buffer.clear();
    CHECK(buffer.empty());
    CHECK(content(buffer).empty());
  }
}

TEST_CASE_METHOD(BufferFixture, "buffer: small pieces share a block", "[base][buffer]") {
  for (int i = 0; i < 100; ++i) buffer.append("0123456789");
  std::array<iovec, 4> pieces{};
  CHECK(buffer.gather(pieces) == 1);
  CHECK(pieces[0].iov_len == 1000);
}

TEST_CASE_METHOD(BufferFixture, "buffer: gathers no more pieces than there is room for",
                 "[base][buffer]") {
  buffer.append(pattern(3 * kBlock));
  std::array<iovec, 2> pieces{};
  CHECK(buffer.gather(pieces) == 2);
  CHECK(pieces[0].iov_len + pieces[1].iov_len == 2 * kBlock);
}

TEST_CASE_METHOD(BufferFixture, "buffer: is consumed from the front, in any steps",
                 "[base][buffer]") {
  const std::string bytes = pattern(2 * kBlock + 100);
  for (const std::size_t step : {std::size_t{1000}, kBlock - 1, kBlock, kBlock + 1, bytes.size()}) {
    CAPTURE(step);
    buffer.append(bytes);
    std::string_view left = bytes;
    while (!left.empty()) {
      const std::size_t count = std::min(step, left.size());
      buffer.consume(count);
      left.remove_prefix(count);
      REQUIRE(content(buffer) == left);
      REQUIRE(buffer.size() == left.size());
    }
  }
}

TEST_CASE_METHOD(BufferFixture,
                 "buffer: reserved room is contiguous, and only what is committed counts",
                 "[base][buffer]") {
  buffer.append("head ");
  char* room = buffer.reserve(100);
  std::memcpy(room, "body", 4);
  CHECK(content(buffer) == "head ");
  buffer.commit(4);
  CHECK(content(buffer) == "head body");

  const std::string large = pattern(2 * kBlock);
  put(buffer, large);
  CHECK(buffer.flatten() == "head body" + large);
}

TEST_CASE_METHOD(BufferFixture, "buffer: nothing committed is nothing there", "[base][buffer]") {
  buffer.reserve(10);
  buffer.commit(0);
  CHECK(buffer.empty());
  CHECK(buffer.flatten().empty());
  buffer.reserve(2 * kBlock);
  buffer.commit(0);
  buffer.append("x");
  CHECK(buffer.flatten() == "x");
  buffer.consume(1);
  CHECK(buffer.empty());
}

TEST_CASE_METHOD(BufferFixture, "buffer: bytes appended while others are consumed keep their order",
                 "[base][buffer]") {
  std::mt19937 random(7);
  std::string model;
  for (int i = 0; i < 3000; ++i) {
    const std::size_t size = random() % (i % 50 == 0 ? 3 * kBlock : 900);
    const std::string bytes = pattern(size, static_cast<unsigned>(i));
    if (i % 3 == 0) {
      put(buffer, bytes);
    } else {
      buffer.append(bytes);
    }
    model += bytes;
    const std::size_t taken = std::min<std::size_t>(model.size(), random() % 2500);
    buffer.consume(taken);
    model.erase(0, taken);
    REQUIRE(buffer.size() == model.size());
    if (i % 97 == 0) REQUIRE(buffer.flatten() == model);
    if (i % 31 == 0) REQUIRE(content(buffer).substr(0, 64) == model.substr(0, 64));
  }
  CHECK(buffer.flatten() == model);
}

TEST_CASE_METHOD(BufferFixture, "buffer: is read from any place without being consumed",
                 "[base][buffer]") {
  const std::string bytes = pattern(2 * kBlock + 10);
  buffer.append("xx" + bytes);
  buffer.consume(2);
  for (const std::size_t from :
       {std::size_t{0}, std::size_t{1}, kBlock - 3, kBlock - 2, kBlock + 5, bytes.size() - 1}) {
    CAPTURE(from);
    std::string read;
    while (from + read.size() < bytes.size()) {
      const std::string_view piece = buffer.piece_at(from + read.size());
      REQUIRE_FALSE(piece.empty());
      read.append(piece);
    }
    CHECK(read == bytes.substr(from));
  }
  CHECK(buffer.piece_at(bytes.size()).empty());
  CHECK(buffer.size() == bytes.size());
}

TEST_CASE_METHOD(BufferFixture, "buffer: an emptied one owns no block, which the next one gets",
                 "[base][buffer]") {
  char* first = buffer.reserve(1);
  buffer.commit(1);
  buffer.consume(1);
  Buffer other(pool);
  CHECK(other.reserve(1) == first);
}

TEST_CASE_METHOD(BufferFixture, "buffer: returns its blocks when it dies", "[base][buffer]") {
  char* first = nullptr;
  {
    Buffer other(pool);
    first = other.reserve(1);
  }
  CHECK(buffer.reserve(1) == first);
}

TEST_CASE("block pool: large blocks are not kept", "[base][buffer]") {
  BlockPool pool;
  Block* large = pool.take(BlockPool::kBlockBytes + 1);
  CHECK(large->capacity == BlockPool::kBlockBytes + 1);
  pool.give_back(large);
  Block* usual = pool.take(0);
  CHECK(usual->capacity == BlockPool::kBlockBytes);
  CHECK(usual->begin == 0);
  CHECK(usual->end == 0);
  pool.give_back(usual);
}

TEST_CASE("block pool: a used block comes back empty", "[base][buffer]") {
  BlockPool pool;
  Block* block = pool.take(0);
  block->begin = 5;
  block->end = 9;
  pool.give_back(block);
  Block* again = pool.take(1);
  CHECK(again == block);
  CHECK(again->begin == 0);
  CHECK(again->end == 0);
  pool.give_back(again);
}

TEST_CASE("block pool: a burst leaves no more than the spares", "[base][buffer]") {
  BlockPool pool;
  std::vector<Block*> taken;
  for (std::size_t i = 0; i < BlockPool::kSpareMax + 10; ++i) taken.push_back(pool.take(0));
  for (Block* block : taken) pool.give_back(block);
  // The last ten were freed: the newest spare is the last that still had room.
  CHECK(pool.take(0) == taken[BlockPool::kSpareMax - 1]);
  pool.give_back(taken[BlockPool::kSpareMax - 1]);
}

}  // namespace sluice
