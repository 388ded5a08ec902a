// SPDX-License-Identifier: MIT
#include "cache/entry.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/cache_rig.h"
#include "tests/support/exact.h"

namespace sluice::cache {

TEST_CASE("entry: gives back what it was made of", "[cache][entry]") {
  EntryPtr entry;
  const BodyPtr body = Body::of("hello");
  {
    const support::Exact key("https://a.example/\nx");
    const support::Exact value("text/plain");
    const Field fields[] = {{"Content-Type", value.view(), 7}, {"X-Empty", "", 255}, {"", "v", 0}};
    EntryParts parts;
    parts.key = {42, key.view()};
    parts.status = 203;
    parts.fields = fields;
    parts.terms.lifetime = 60;
    parts.variant = "gzip";
    parts.tags = "a bb  ccc";
    parts.content_length = 5;
    parts.body = body;
    entry = Entry::create(parts);
  }
  CHECK(entry->key().hash == 42);
  CHECK(entry->key_text() == "https://a.example/\nx");
  CHECK(entry->variant() == "gzip");
  CHECK(entry->tags() == "a bb  ccc");
  CHECK(entry->status() == 203);
  CHECK(entry->terms().lifetime == 60);
  CHECK(entry->content_length() == 5);
  CHECK(entry->body() == body);
  CHECK_FALSE(entry->is_mark());
  CHECK_FALSE(entry->marked_stale());
  std::string text;
  for (const Field& field : entry->fields()) {
    text.append(field.name).append("=").append(field.value);
    text.append(";").append(std::to_string(field.tag)).append("|");
  }
  CHECK(text == "Content-Type=text/plain;7|X-Empty=;255|=v;0|");
}

TEST_CASE("entry: an empty one is all empty", "[cache][entry]") {
  const EntryPtr entry = Entry::create({});
  CHECK(entry->key_text().empty());
  CHECK(entry->fields().empty());
  CHECK(entry->fields().begin() == entry->fields().end());
  CHECK_FALSE(entry->content_length());
  CHECK_FALSE(entry->body());
  CHECK_FALSE(entry->has_tag(""));
}

TEST_CASE("entry: tags match whole tokens", "[cache][entry]") {
  EntryParts parts;
  parts.tags = " news  sport-7\tnews2 ";
  const EntryPtr entry = Entry::create(parts);
  for (const char* tag : {"news", "sport-7", "news2"}) CHECK(entry->has_tag(tag));
  for (const char* tag : {"new", "ews", "sport", "News", "", " ", "news ", "news  sport-7"}) {
    CAPTURE(tag);
    CHECK_FALSE(entry->has_tag(tag));
  }
}

TEST_CASE("entry: charges its head and its body, as that grows", "[cache][entry]") {
  BodyWriter writer(std::nullopt);
  EntryParts parts;
  parts.key.text = "https://a.example/";
  const std::size_t bare = Entry::create(parts)->bytes_charged();
  CHECK(bare >= sizeof(Entry) + Entry::kOverhead + parts.key.text.size());
  const Field field{"name", "value", 0};
  parts.fields = {&field, 1};
  CHECK(Entry::create(parts)->bytes_charged() >= bare + 9);
  parts.fields = {};
  parts.body = writer.body();
  const EntryPtr entry = Entry::create(parts);
  CHECK(entry->bytes_charged() == bare + writer.body()->bytes_charged());
  writer.append(std::string(100'000, 'x'));
  CHECK(entry->bytes_charged() == bare + writer.body()->bytes_charged());
  CHECK(entry->bytes_charged() > bare + 100'000);
}

TEST_CASE("entry: a mark is no response", "[cache][entry]") {
  const EntryPtr mark = Entry::create_mark({1, "https://a.example/"}, 99);
  CHECK(mark->is_mark());
  CHECK(mark->marked_until() == 99);
  CHECK(mark->key_text() == "https://a.example/");
}

TEST_CASE("counted: the last to let go ends the object", "[cache][counted]") {
  struct Thing : Counted<Thing> {
    explicit Thing(int& count) : gone(count) {}
    ~Thing() { ++gone; }
    int& gone;
  };
  int gone = 0;
  auto one = CountedPtr<Thing>::adopt(new Thing(gone));
  CountedPtr<Thing> two = one;
  CountedPtr<Thing> three = std::move(one);
  CHECK_FALSE(one);  // NOLINT(bugprone-use-after-move): that is the claim
  CHECK(two == three);
  const CountedPtr<Thing>& itself = two;
  two = itself;
  two.reset();
  CHECK(gone == 0);
  Thing* bare = three.release();
  CHECK_FALSE(three);
  three = CountedPtr<Thing>::adopt(bare);
  three = CountedPtr<Thing>();
  CHECK(gone == 1);
}

}  // namespace sluice::cache
