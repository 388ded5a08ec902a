// SPDX-License-Identifier: MIT
#include "cache/bucket_table.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <random>

namespace sluice::cache {
namespace {

struct HashedItem {
  // NOLINTBEGIN(readability-identifier-naming): the names that the table reads
  std::uint64_t hash_ = 0;
  HashedItem* chain_next_ = nullptr;
  // NOLINTEND(readability-identifier-naming)
  int seen = 0;
};

bool holds(const BucketTable<HashedItem>& table, const HashedItem& item) {
  for (const HashedItem* at = table.chain(item.hash_); at != nullptr; at = table.next(*at)) {
    if (at == &item) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("bucket table: finds all it holds while it grows and shrinks", "[cache][bucket_table]") {
  std::mt19937_64 random(1);
  std::deque<HashedItem> items;
  BucketTable<HashedItem> table;
  for (int i = 0; i < 20'000; ++i) {
    table.insert(items.emplace_back(HashedItem{random()}));
    if (i % 1000 != 0) continue;
    REQUIRE(std::all_of(items.begin(), items.end(),
                        [&table](const HashedItem& item) { return holds(table, item); }));
  }
  CHECK(table.size() == 20'000);
  CHECK(table.buckets() >= 20'000);
  CHECK(table.buckets() < 20'600);
  for (std::size_t i = 0; i < items.size(); i += 2) table.erase(items[i]);
  CHECK(table.size() == 10'000);
  for (std::size_t i = 0; i < items.size(); ++i) REQUIRE(holds(table, items[i]) == (i % 2 == 1));
}

TEST_CASE("bucket table: each insertion splits one bucket at most", "[cache][bucket_table]") {
  std::mt19937_64 random(2);
  std::deque<HashedItem> items;
  BucketTable<HashedItem> table;
  std::size_t most = 0;
  for (int i = 0; i < 5000; ++i) {
    const std::size_t before = table.buckets();
    table.insert(items.emplace_back(HashedItem{random()}));
    most = std::max(most, table.buckets() - before);
  }
  CHECK(most == 1);
}

TEST_CASE("bucket table: a walk in steps misses nothing when the table grows under it",
          "[cache][bucket_table]") {
  std::mt19937_64 random(3);
  std::deque<HashedItem> items;
  BucketTable<HashedItem> table;
  for (int i = 0; i < 3000; ++i) table.insert(items.emplace_back(HashedItem{random()}));
  for (std::size_t at = 0; at < table.buckets(); ++at) {
    for (HashedItem* item = table.bucket(at); item != nullptr; item = table.next(*item)) {
      ++item->seen;
    }
    if (at < 3000) table.insert(items.emplace_back(HashedItem{random()}));
  }
  const auto was_seen = [](const HashedItem& item) { return item.seen >= 1; };
  CHECK(std::all_of(items.begin(), items.begin() + 3000, was_seen));
}

TEST_CASE("bucket table: of equal hashes the last that came is first", "[cache][bucket_table]") {
  std::mt19937_64 random(4);
  std::deque<HashedItem> items;
  HashedItem one{77};
  HashedItem two{77};
  BucketTable<HashedItem> table;
  table.insert(one);
  table.insert(two);
  for (int i = 0; i < 3000; ++i) table.insert(items.emplace_back(HashedItem{random()}));
  const HashedItem* at = table.chain(77);
  while (at != nullptr && at != &one && at != &two) at = table.next(*at);
  CHECK(at == &two);
}

}  // namespace sluice::cache
