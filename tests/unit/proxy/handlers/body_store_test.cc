// SPDX-License-Identifier: MIT
#include "proxy/handlers/body_store.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <string>

#include "tests/support/temp_dir.h"

namespace sluice::handlers {
namespace {

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 2654435761U >> 9);
  return out;
}

std::string read_all(BodyStore& store, std::uint64_t from = 0) {
  std::string out;
  for (;;) {
    bool failed = false;
    const std::string_view piece = store.read_at(from + out.size(), &failed);
    REQUIRE_FALSE(failed);
    if (piece.empty()) return out;
    out.append(piece);
  }
}

struct BodyStoreFixture {
  BlockPool blocks;
  support::TempDir directory;
  std::string path = directory.path();
};

}  // namespace

TEST_CASE_METHOD(BodyStoreFixture,
                 "body store: gives back what came, from any place, again and again",
                 "[handlers][body_store]") {
  const std::string body = pattern(300'000);
  for (const std::size_t memory : {std::size_t{0}, std::size_t{1}, std::size_t{100'000},
                                   std::size_t{300'000}, std::size_t{400'000}}) {
    for (const std::size_t step : {std::size_t{999}, std::size_t{64'000}, body.size()}) {
      CAPTURE(memory, step);
      BodyStore store(blocks, {memory, &path});
      for (std::size_t at = 0; at < body.size(); at += step) {
        REQUIRE(store.append(std::string_view(body).substr(at, step)));
      }
      CHECK(store.size() == body.size());
      CHECK(read_all(store) == body);
      CHECK(read_all(store) == body);
      CHECK(read_all(store, 99'999) == body.substr(99'999));
      CHECK(read_all(store, body.size()).empty());
    }
  }
  // The file never had a name.
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE_METHOD(BodyStoreFixture, "body store: without a directory all of it stays in memory",
                 "[handlers][body_store]") {
  const std::string body = pattern(50'000);
  BodyStore store(blocks, {1000, nullptr});
  REQUIRE(store.append(body));
  CHECK(read_all(store) == body);
}

TEST_CASE_METHOD(BodyStoreFixture, "body store: a cleared one is empty, and takes the next body",
                 "[handlers][body_store]") {
  BodyStore store(blocks, {10, &path});
  REQUIRE(store.append(pattern(100)));
  store.clear();
  CHECK(store.size() == 0);
  CHECK(read_all(store).empty());
  REQUIRE(store.append("another"));
  CHECK(read_all(store) == "another");
}

TEST_CASE_METHOD(BodyStoreFixture, "body store: says when the disk takes nothing",
                 "[handlers][body_store]") {
  const std::string missing = path + "/missing";
  BodyStore store(blocks, {10, &missing});
  CHECK(store.append("0123456789"));
  CHECK_FALSE(store.append("x"));
  CHECK(errno == ENOENT);
}

}  // namespace sluice::handlers
