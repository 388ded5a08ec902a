// SPDX-License-Identifier: MIT
#include "cache/url_lists.h"

#include <catch2/catch.hpp>
#include <deque>
#include <set>

namespace sluice::cache {
namespace {

struct ListedItem {
  // NOLINTBEGIN(readability-identifier-naming): the names that the lists read
  std::uint64_t hash_ = 0;
  ListedItem* url_next_ = nullptr;
  ListedItem* url_previous_ = nullptr;
  // NOLINTEND(readability-identifier-naming)
};

std::set<const ListedItem*> chain(const UrlLists<ListedItem>& lists, std::uint64_t url) {
  std::set<const ListedItem*> found;
  for (const ListedItem* at = lists.chain(url << 32); at != nullptr; at = lists.next(*at)) {
    found.insert(at);
  }
  return found;
}

}  // namespace

TEST_CASE("url lists: the upper half of the hash chooses the list", "[cache][url_lists]") {
  UrlLists<ListedItem> lists(3);  // four
  std::deque<ListedItem> items;
  for (std::uint64_t i = 0; i < 8; ++i) {
    lists.insert(items.emplace_back(ListedItem{i << 32 | i * 7}));
  }
  CHECK(chain(lists, 1) == std::set<const ListedItem*>{&items[1], &items[5]});
  CHECK(chain(lists, 6) == std::set<const ListedItem*>{&items[2], &items[6]});
}

TEST_CASE("url lists: more of them lose nothing, and fewer are not made", "[cache][url_lists]") {
  UrlLists<ListedItem> lists(1);
  std::deque<ListedItem> items;
  for (std::uint64_t i = 0; i < 8; ++i) lists.insert(items.emplace_back(ListedItem{i << 32}));
  lists.grow(4);
  for (const std::size_t asked : {4U, 1U}) {
    lists.grow(asked);
    for (std::size_t url = 0; url < 4; ++url) {
      CHECK(chain(lists, url) == std::set<const ListedItem*>{&items[url], &items[url + 4]});
    }
  }
  for (ListedItem& item : items) lists.erase(item);
  for (std::size_t url = 0; url < 4; ++url) CHECK(chain(lists, url).empty());
}

TEST_CASE("url lists: any element may go", "[cache][url_lists]") {
  UrlLists<ListedItem> lists(1);
  for (const std::size_t gone : {0U, 1U, 2U}) {
    std::deque<ListedItem> items(3);
    for (ListedItem& item : items) lists.insert(item);
    lists.erase(items[gone]);
    std::set<const ListedItem*> left = {&items[0], &items[1], &items[2]};
    left.erase(&items[gone]);
    CHECK(chain(lists, 0) == left);
    for (const ListedItem* item : left) lists.erase(const_cast<ListedItem&>(*item));
    CHECK(chain(lists, 0).empty());
  }
}

}  // namespace sluice::cache
