// SPDX-License-Identifier: MIT
#include "cache/key.h"

#include <catch2/catch.hpp>

namespace sluice::cache {

TEST_CASE("key: the URL is what stands before the extras", "[cache][key]") {
  CHECK(url_of("https://a.example/x?y\nmobile\nde") == "https://a.example/x?y");
  CHECK(url_of("https://a.example/x") == "https://a.example/x");
  CHECK(url_of("").empty());
  CHECK(url_of("\nx").empty());
}

TEST_CASE("key: the host is the authority without its port", "[cache][key]") {
  CHECK(host_of("https://a.example/x") == "a.example");
  CHECK(host_of("http://a.example:8080/x?y=http://b.example/") == "a.example");
  CHECK(host_of("http://a.example") == "a.example");
  CHECK(host_of("http://a.example?q=/") == "a.example");
  CHECK(host_of("http://a.example\nhttp://b.example/") == "a.example");
  CHECK(host_of("http://user:secret@a.example:1/") == "a.example");
  CHECK(host_of("http://[2001:db8::1]:8080/") == "[2001:db8::1]");
  CHECK(host_of("http://[2001:db8::1]/x") == "[2001:db8::1]");
  CHECK(host_of("a.example/x").empty());
  CHECK(host_of("").empty());
}

TEST_CASE("key: each hasher has a secret of its own", "[cache][key]") {
  const KeyHasher one;
  const KeyHasher other;
  CHECK(one.key("https://a.example/").hash == one.key("https://a.example/").hash);
  CHECK(one.key("https://a.example/").hash != one.key("https://a.example/b").hash);
  CHECK(one.key("https://a.example/").hash != other.key("https://a.example/").hash);
  CHECK(KeyHasher(7).hash("x") == KeyHasher(7).hash("x"));
  CHECK(KeyHasher(7).hash("x") != KeyHasher(8).hash("x"));
  CHECK(one.key("x").text == "x");
}

TEST_CASE("key: the upper half of a hash is the URL's", "[cache][key]") {
  const KeyHasher hasher;
  const std::uint64_t bare = hasher.hash("https://a.example/x");
  const std::uint64_t mobile = hasher.hash("https://a.example/x\nmobile");
  CHECK(bare >> 32 == mobile >> 32);
  CHECK(bare != mobile);
  CHECK(hasher.hash("https://a.example/y\nmobile") >> 32 != mobile >> 32);
}

}  // namespace sluice::cache
