// SPDX-License-Identifier: MIT
#include "proxy/base/intrusive_list.h"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

namespace sluice {
namespace {

struct Item : ListHook<struct RedTag>, ListHook<struct BlueTag> {
  explicit Item(int n) : number(n) {}
  int number;
};
using Red = IntrusiveList<Item, RedTag>;
using Blue = IntrusiveList<Item, BlueTag>;

bool in_red(const Item& item) {
  return item.ListHook<RedTag>::linked();
}

template <typename List>
std::vector<int> drain(List& list) {
  std::vector<int> out;
  while (Item* item = list.pop_front()) out.push_back(item->number);
  return out;
}

struct ListsFixture {
  Item one{1};
  Item two{2};
  Item three{3};
  Red red;
};

using Numbers = std::vector<int>;

}  // namespace

TEST_CASE_METHOD(ListsFixture, "intrusive list: keeps order from both ends",
                 "[base][intrusive_list]") {
  CHECK(red.empty());
  CHECK(red.front() == nullptr);
  CHECK(red.back() == nullptr);
  CHECK(red.pop_front() == nullptr);
  red.push_back(two);
  red.push_back(three);
  red.push_front(one);
  CHECK_FALSE(red.empty());
  CHECK(red.front() == &one);
  CHECK(red.back() == &three);
  CHECK(drain(red) == Numbers{1, 2, 3});
  CHECK(red.empty());
  CHECK_FALSE(in_red(one));
}

TEST_CASE_METHOD(ListsFixture,
                 "intrusive list: an element leaves from anywhere, twice without harm",
                 "[base][intrusive_list]") {
  for (Item* item : {&one, &two, &three}) red.push_back(*item);
  two.ListHook<RedTag>::unlink();
  two.ListHook<RedTag>::unlink();
  CHECK_FALSE(in_red(two));
  red.push_back(two);
  CHECK(drain(red) == Numbers{1, 3, 2});
}

TEST_CASE_METHOD(ListsFixture, "intrusive list: a destroyed element is gone",
                 "[base][intrusive_list]") {
  auto temporary = std::make_unique<Item>(9);
  red.push_back(one);
  red.push_back(*temporary);
  red.push_back(two);
  temporary.reset();
  CHECK(drain(red) == Numbers{1, 2});
}

TEST_CASE_METHOD(ListsFixture, "intrusive list: a destroyed list leaves its elements free",
                 "[base][intrusive_list]") {
  {
    Red other;
    other.push_back(one);
    other.push_back(two);
  }
  CHECK_FALSE(in_red(one));
  red.push_back(one);
  CHECK(drain(red) == Numbers{1});
}

TEST_CASE_METHOD(ListsFixture, "intrusive list: one object stands in two lists",
                 "[base][intrusive_list]") {
  Blue blue;
  red.push_back(one);
  red.push_back(two);
  blue.push_back(two);
  blue.push_back(one);
  two.ListHook<RedTag>::unlink();
  CHECK(drain(red) == Numbers{1});
  CHECK(drain(blue) == Numbers{2, 1});
}

TEST_CASE_METHOD(ListsFixture, "intrusive list: move_to appends all in order",
                 "[base][intrusive_list]") {
  Red other;
  SECTION("to an empty one") {
    for (Item* item : {&one, &two, &three}) red.push_back(*item);
    red.move_to(other);
    CHECK(drain(other) == Numbers{1, 2, 3});
  }
  SECTION("behind what is there") {
    other.push_back(one);
    red.push_back(two);
    red.push_back(three);
    red.move_to(other);
    CHECK(other.back() == &three);
    CHECK(drain(other) == Numbers{1, 2, 3});
  }
  SECTION("nothing") {
    other.push_back(one);
    red.move_to(other);
    CHECK(drain(other) == Numbers{1});
  }
  CHECK(red.empty());
  red.push_back(one);
  CHECK(drain(red) == Numbers{1});
}

TEST_CASE_METHOD(ListsFixture,
                 "intrusive list: elements may put themselves back while it is walked",
                 "[base][intrusive_list]") {
  for (Item* item : {&one, &two, &three}) red.push_back(*item);
  Red batch;
  red.move_to(batch);
  Numbers seen;
  while (Item* item = batch.pop_front()) {
    seen.push_back(item->number);
    red.push_back(*item);
    if (item == &one) three.ListHook<RedTag>::unlink();
  }
  CHECK(seen == Numbers{1, 2});
  CHECK(drain(red) == Numbers{1, 2});
}

}  // namespace sluice
