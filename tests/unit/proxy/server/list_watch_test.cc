// SPDX-License-Identifier: MIT
#include "proxy/server/list_watch.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/temp_dir.h"

namespace sluice::server {
namespace {

using support::TempDir;

ListWatch watch_on(const std::string& path) {
  ListWatch watch;
  watch.reset({{path, access::stamp_of(path)}});
  return watch;
}

}  // namespace

TEST_CASE("list watch: a file that is being written is left alone until it stands still",
          "[server][lists][regression]") {
  const TempDir directory;
  directory.write("deny", "192.0.2.1\n");
  ListWatch watch = watch_on(directory.file("deny"));
  CHECK_FALSE(watch.look());
  std::string text;
  for (int piece = 0; piece < 4; ++piece) {  // the first has no bytes
    directory.write("deny", text);
    CHECK_FALSE(watch.look());
    text += "192.0.2.2\n";
  }
  CHECK(watch.look());
  CHECK_FALSE(watch.look());
}

TEST_CASE("list watch: one that is never left alone is not waited for for ever",
          "[server][lists]") {
  const TempDir directory;
  directory.write("deny", "");
  ListWatch watch = watch_on(directory.file("deny"));
  std::string text;
  int looks = 0;
  do {
    directory.write("deny", text += "192.0.2.2\n");
    ++looks;
  } while (!watch.look() && looks < 20);
  CHECK(looks == 10);
}

TEST_CASE("list watch: one that goes and comes back is looked at both times", "[server][lists]") {
  const TempDir directory;
  directory.write("deny", "192.0.2.1\n");
  ListWatch watch = watch_on(directory.file("deny"));
  REQUIRE(unlink(directory.file("deny").c_str()) == 0);
  CHECK_FALSE(watch.look());
  CHECK(watch.look());  // it stays away, which is to be said
  CHECK_FALSE(watch.look());
  directory.write("deny", "192.0.2.1\n");
  CHECK_FALSE(watch.look());
  CHECK(watch.look());
}

}  // namespace sluice::server
