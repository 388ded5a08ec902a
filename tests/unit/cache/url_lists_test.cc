// SPDX-License-Identifier: MIT
#include "cache/url_lists.h"

#include <catch2/catch.hpp>
#include <deque>
#include <set>

namespace sluice::cache {
namespace {

struct Item {
  // NOLINTBEGIN(readability-identifier-naming): the names that the lists read
  std::uint64_t hash_ = 0;
  Item* url_next_ = nullptr;
  Item* url_previous_ = nullptr;
  // NOLINTEND(readability-identifier-naming)
};

std::set<const Item*> chain(const UrlLists<Item>& lists, std::uint64_t url) {
  std::set<const Item*> found;
  for (const Item* at = lists.chain(url << 32); at != nullptr; at = lists.next(*at)) {
    found.insert(at);
  }
  return found;
}

}  // namespace

TEST_CASE("url lists: the upper half of the hash chooses the list", "[cache][url_lists]") {
  UrlLists<Item> lists(3);  // four
  std::deque<Item> items;
  for (std::uint64_t i = 0; i < 8; ++i) lists.insert(items.emplace_back(Item{i << 32 | i * 7}));
  CHECK(chain(lists, 1) == std::set<const Item*>{&items[1], &items[5]});
  CHECK(chain(lists, 6) == std::set<const Item*>{&items[2], &items[6]});
}

TEST_CASE("url lists: more of them lose nothing, and fewer are not made", "[cache][url_lists]") {
  UrlLists<Item> lists(1);
  std::deque<Item> items;
  for (std::uint64_t i = 0; i < 8; ++i) lists.insert(items.emplace_back(Item{i << 32}));
  lists.grow(4);
  for (const std::size_t asked : {4U, 1U}) {
    lists.grow(asked);
    for (std::size_t url = 0; url < 4; ++url) {
      CHECK(chain(lists, url) == std::set<const Item*>{&items[url], &items[url + 4]});
    }
  }
  for (Item& item : items) lists.erase(item);
  for (std::size_t url = 0; url < 4; ++url) CHECK(chain(lists, url).empty());
}

TEST_CASE("url lists: any element may go", "[cache][url_lists]") {
  UrlLists<Item> lists(1);
  for (const std::size_t gone : {0U, 1U, 2U}) {
    std::deque<Item> items(3);
    for (Item& item : items) lists.insert(item);
    lists.erase(items[gone]);
    std::set<const Item*> left = {&items[0], &items[1], &items[2]};
    left.erase(&items[gone]);
    CHECK(chain(lists, 0) == left);
    for (const Item* item : left) lists.erase(const_cast<Item&>(*item));
    CHECK(chain(lists, 0).empty());
  }
}

}  // namespace sluice::cache
