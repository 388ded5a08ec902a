// SPDX-License-Identifier: MIT
#include "proxy/handlers/file_lookup.h"

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace sluice::handlers {
namespace {

using Status = FoundFile::Status;

struct Rig {
  Status find(const std::string& path) {
    Arena arena;
    return lookup.find(path, arena).status;
  }

  support::TempDir directory;
  FileLookup lookup{directory.path().string(), {"index.html"}, {"/index.html"}, false};
};

}  // namespace

// The kernel cannot tell meanwhile whether the ".." leads out (openat2(2)).
TEST_CASE("file lookup: a link upwards is followed while files are renamed", "[handlers][files]") {
  Rig rig;
  fs::create_directories(rig.directory.path() / "below");
  rig.directory.write("file", "here");
  rig.directory.write("index.html", "another");
  fs::create_symlink("../file", rig.directory.path() / "below/link");
  const fs::path one = rig.directory.path() / "one";
  const fs::path other = rig.directory.path() / "other";
  rig.directory.write("one", "");

  std::atomic<bool> over = false;
  std::atomic<bool> began = false;
  std::thread renamer([&] {
    while (!over) {
      fs::rename(one, other);
      fs::rename(other, one);
      began = true;
    }
  });
  while (!began) std::this_thread::yield();
  int found = 0;
  constexpr int kLooks = 5000;
  for (int i = 0; i < kLooks; ++i) {
    Arena arena;
    const FoundFile file = rig.lookup.find("/below/link", arena);
    found += file.status == Status::Found && file.fallback.empty();
  }
  over = true;
  renamer.join();
  CHECK(found == kLooks);
}

// Whoever leases it for writing has to let go first; until then no open that may not wait succeeds.
TEST_CASE("file lookup: what cannot be opened now is not missing", "[handlers][files]") {
  Rig rig;
  rig.directory.write("index.html", "another");
  rig.directory.write("leased", "here");
  const Fd holder(::open((rig.directory.path() / "leased").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(holder.valid());
  REQUIRE(::fcntl(holder.get(), F_SETSIG, SIGURG) == 0);  // which nobody minds
  REQUIRE(::fcntl(holder.get(), F_SETLEASE, F_WRLCK) == 0);
  CHECK(rig.find("/leased") == Status::Failed);
  REQUIRE(::fcntl(holder.get(), F_SETLEASE, F_UNLCK) == 0);
  CHECK(rig.find("/leased") == Status::Found);
}

TEST_CASE("file lookup: nothing is missing below a root that is not there", "[handlers][files]") {
  support::TempDir directory;
  const FileLookup lookup((directory.path() / "release").string(), {}, {}, false);
  Arena arena;
  CHECK(lookup.find("/file", arena).status == Status::Failed);
  fs::create_directories(directory.path() / "release");
  CHECK(lookup.find("/file", arena).status == Status::Missing);
}

TEST_CASE("file lookup: names that no file can have are missing", "[handlers][files]") {
  Rig rig;
  rig.directory.write("file", "");
  const FileLookup plain(rig.directory.path().string(), {}, {}, false);
  for (const std::string& path :
       {"/" + std::string(300, 'a'), std::string("/file/below"), std::string("/%FF%80")}) {
    CAPTURE(path);
    Arena arena;
    CHECK(plain.find(path, arena).status == Status::Missing);
  }
}

}  // namespace sluice::handlers
