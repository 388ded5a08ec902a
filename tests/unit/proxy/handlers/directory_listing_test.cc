// SPDX-License-Identifier: MIT
#include "proxy/handlers/directory_listing.h"

#include <catch2/catch.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "tests/support/temp_dir.h"

namespace sluice::handlers {
namespace {

struct Listing {
  // Files with these names, and numbers behind them.
  void add_files(const std::string& begin, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      std::ofstream(directory.path() / (begin + std::to_string(i)));
    }
  }

  std::string page() const {
    Arena arena;
    const FileLookup lookup(directory.path().string(), {}, {}, true);
    std::optional<std::string> page = directory_listing(lookup, lookup.find("/", arena), "/");
    REQUIRE(page.has_value());
    return std::move(*page);
  }

  support::TempDir directory;
};

std::size_t rows(const std::string& page) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = page.find("<tr>", at)) != std::string::npos; ++at) ++count;
  return count;
}

bool says_more(const std::string& page) {
  return page.find("<p>and more</p>") != std::string::npos;
}

TEST_CASE("listing: all of a small directory, directories first, by name", "[files]") {
  const Listing listing;
  listing.add_files("f", 3);
  listing.add_files(".h", 3);
  std::filesystem::create_directory(listing.directory.path() / "z");
  const std::string page = listing.page();
  CHECK(rows(page) == 4);
  CHECK_FALSE(says_more(page));
  CHECK(page.find("./z/\">z/</a></td><td></td>") < page.find("./f0\">f0</a></td><td>0</td>"));
  CHECK(page.find("\"./f1\"") < page.find("\"./f2\""));
}

TEST_CASE("listing: of a large directory a part, and that there is more", "[files]") {
  const Listing listing;
  listing.add_files("f", kLookedAtMax);
  CHECK(rows(listing.page()) == kLookedAtMax);
  CHECK_FALSE(says_more(listing.page()));
  listing.add_files("g", 1);
  CHECK(rows(listing.page()) == kLookedAtMax);
  CHECK(says_more(listing.page()));
}

TEST_CASE("listing: what is hidden counts as read", "[files]") {
  const Listing listing;
  listing.add_files(".h", kReadMax);
  CHECK(rows(listing.page()) == 0);
  CHECK(says_more(listing.page()));
}

TEST_CASE("listing: links that lead out count as looked at", "[files]") {
  const Listing listing;
  for (std::size_t i = 0; i <= kLookedAtMax; ++i) {
    std::filesystem::create_symlink("/etc", listing.directory.path() / std::to_string(i));
  }
  CHECK(rows(listing.page()) == 0);
  CHECK(says_more(listing.page()));
}

}  // namespace
}  // namespace sluice::handlers
