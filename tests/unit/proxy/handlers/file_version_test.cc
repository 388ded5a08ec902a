// SPDX-License-Identifier: MIT
#include "proxy/handlers/file_version.h"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>

#include "cache/store.h"
#include "proxy/handlers/stored_files.h"
#include "tests/support/cache_rig.h"
#include "tests/support/exchange_rig.h"
#include "tests/support/temp_dir.h"

namespace sluice::handlers {
namespace {

FoundFile changed_before_look(std::int64_t seconds) {
  FoundFile file;
  file.size = 3;
  file.modified_seconds = file.changed_seconds = 1'000'000;
  file.inode = 7;
  file.looked_seconds = file.changed_seconds + seconds;
  return file;
}

TEST_CASE("file version: a file is settled when its change is clearly older than the look",
          "[files]") {
  for (const std::int64_t seconds : {-1000, -1, 0, 1, 2}) {
    CAPTURE(seconds);
    CHECK_FALSE(is_settled(changed_before_look(seconds)));
  }
  CHECK(is_settled(changed_before_look(3)));
  CHECK(is_settled(changed_before_look(1'000'000)));
}

TEST_CASE("file version: a strong tag stands for one content, a weak one for one look", "[files]") {
  Arena arena;
  FoundFile young = changed_before_look(1);
  const std::string first(entity_tag(young, arena));
  CHECK(first.starts_with("W/\""));
  CHECK(entity_tag(young, arena) == first);
  young.looked_nanoseconds = 1;
  CHECK(entity_tag(young, arena) != first);

  FoundFile settled = changed_before_look(3);
  const std::string strong(entity_tag(settled, arena));
  CHECK(strong.starts_with('"'));
  CHECK(first.find(strong.substr(1, strong.size() - 2)) != std::string::npos);
  CHECK("W/" + strong != first);  // nor do they match weakly
  settled.looked_seconds += 1000;
  CHECK(entity_tag(settled, arena) == strong);
  settled.inode = 8;
  CHECK(entity_tag(settled, arena) != strong);
}

TEST_CASE("file version: no answer with earlier content is dated as the last change", "[files]") {
  FoundFile file = changed_before_look(3);
  file.modified_nanoseconds = file.changed_nanoseconds = 1;
  CHECK(last_modified(file) == file.modified_seconds + 1);
  file.modified_nanoseconds = 995'000'000;  // the second may have been over
  CHECK(last_modified(file) == file.modified_seconds + 2);
  file.modified_nanoseconds = 0;  // nobody's clock
  CHECK(last_modified(file) == file.modified_seconds);
  file.changed_nanoseconds = 0;  // or one of whole seconds
  CHECK(last_modified(file) == file.modified_seconds + 1);
}

TEST_CASE("file version: a mark says since when the content has been here", "[files]") {
  const FoundFile file = changed_before_look(3);
  CHECK(here_since(file) > file.changed_seconds + 2);
  CHECK(here_since(content_mark(file)) == here_since(file));
  CHECK_FALSE(here_since(content_mark(changed_before_look(2))).has_value());
}

struct KeptFile {
  KeptFile() { directory.write("f", "old"); }

  FoundFile find(std::int64_t seconds_after_change) {
    FoundFile file = lookup.find("/f", rig.exchange.arena());
    REQUIRE(file.status == FoundFile::Status::Found);
    file.looked_seconds = file.changed_seconds + seconds_after_change;
    return file;
  }
  // As if the file system's clock stood still.
  FoundFile find_at_one_time(std::int64_t seconds_after_change) {
    FoundFile file = find(seconds_after_change);
    file.changed_seconds = 1'000'000;
    file.changed_nanoseconds = 0;
    file.looked_seconds = file.changed_seconds + seconds_after_change;
    return file;
  }

  cache::Key key() { return files.key(rig.exchange, lookup, "/f", {}); }
  std::string keep(FoundFile file) {
    const StoredFiles::Found known = files.find(key(), 0);
    body = files.body_of(file, known);
    REQUIRE(body);
    files.keep(rig.exchange, key(), {body, content_mark(file)}, known, 0);
    return support::text_of(body);
  }

  support::TempDir directory;
  FileLookup lookup{directory.path().string(), {}, {}, false};
  support::ExchangeRig rig;
  cache::Store store{{}};
  StoredFiles files{store, StoredFiles::kFileBytesMax};
  cache::BodyPtr body;  // what was kept last
};

TEST_CASE("stored files: what is written twice in a tick of the file's clock is read again",
          "[files]") {
  KeptFile kept;
  CHECK(kept.keep(kept.find_at_one_time(0)) == "old");
  kept.directory.write("f", "new");
  CHECK(kept.keep(kept.find_at_one_time(1)) == "new");
  kept.directory.write("f", "3rd");
  CHECK(kept.keep(kept.find_at_one_time(3)) == "3rd");
}

TEST_CASE("stored files: a file that was left alone keeps its bytes", "[files]") {
  KeptFile kept;
  kept.keep(kept.find(3));
  const cache::BodyPtr first = kept.body;
  kept.keep(kept.find(4));
  CHECK(kept.body == first);
}

TEST_CASE("stored files: what they hold leaves less room for bodies under way", "[files]") {
  KeptFile kept;
  const std::size_t room = 2 * kept.store.capacity();
  CHECK(kept.store.has_room_for(room));
  kept.keep(kept.find(3));
  CHECK(kept.store.has_room_for(room - 3));
  CHECK_FALSE(kept.store.has_room_for(room - 2));
}

TEST_CASE(
    "stored files: a file is looked at again after a second, and by a clock that was set back",
    "[files]") {
  KeptFile kept;
  kept.keep(kept.find(3));  // at 0
  const cache::Key key = kept.key();
  CHECK(kept.files.find(key, 0).fresh);
  CHECK_FALSE(kept.files.find(key, 1).fresh);
  CHECK_FALSE(kept.files.find(key, -1).fresh);
}

TEST_CASE("stored files: a file that is changed before it is read is not settled", "[files]") {
  KeptFile kept;
  FoundFile file = kept.find(3);
  kept.directory.write("f", "newer");  // longer, as its time may be the same
  CHECK(support::text_of(kept.files.body_of(file, {})) == "new");
  CHECK_FALSE(is_settled(file));
  CHECK(entity_tag(file, kept.rig.exchange.arena()).starts_with("W/"));
  CHECK(content_mark(file).empty());
}

}  // namespace
}  // namespace sluice::handlers
