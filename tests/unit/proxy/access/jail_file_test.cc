// SPDX-License-Identifier: MIT
#include "proxy/access/jail_file.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tests/unit/proxy/access/addresses.h"

namespace sluice::access {
namespace {

using std::chrono::minutes;
using support::TempDir;

std::vector<Inmate> some_inmates() {
  return {{cidr("192.0.2.7"), Reason::Limiter, 2, noon(), noon() + minutes{20}},
          {cidr("198.51.100.0/24"), Reason::Operator, 0, noon(), noon() + minutes{5}},
          {cidr("2001:db8::/64"), Reason::Tls, 1, noon(), noon() + minutes{10}}};
}

constexpr std::string_view kText =
    "sluice jail 1\n"
    "# block reason times-caught since until\n"
    "192.0.2.7 limiter 2 2026-06-01T12:00:00Z 2026-06-01T12:20:00Z\n"
    "198.51.100.0/24 operator 0 2026-06-01T12:00:00Z 2026-06-01T12:05:00Z\n"
    "2001:db8::/64 tls 1 2026-06-01T12:00:00Z 2026-06-01T12:10:00Z\n";

std::vector<std::string> texts(const std::vector<Error>& problems) {
  std::vector<std::string> all;
  for (const Error& problem : problems) all.push_back(problem.text());
  return all;
}

TEST_CASE("jail file: it is a line each, for humans", "[access][jail_file]") {
  CHECK(print_jail(some_inmates()) == kText);
  const JailFile file = parse_jail("jail", kText);
  CHECK(file.inmates == some_inmates());
  CHECK(file.bad_lines == 0);
}

TEST_CASE("jail file: every reason has a word, which is read back", "[access][jail_file]") {
  for (std::size_t i = 0; i <= kTriggers; ++i) {
    const auto reason = static_cast<Reason>(i);
    CHECK(reason_of(word_of(reason)) == reason);
  }
  CHECK_FALSE(reason_of("boredom"));
}

TEST_CASE("jail file: nobody is freed early by the whole seconds of the file",
          "[access][jail_file]") {
  const std::chrono::milliseconds odd{1};
  const Inmate inmate{cidr("::1"), Reason::Tls, 1, noon() + odd, noon() + minutes{1} + odd};
  const JailFile file = parse_jail("jail", print_jail(std::vector{inmate}));
  REQUIRE(file.inmates.size() == 1);
  CHECK(file.inmates[0].since == noon());
  CHECK(file.inmates[0].until == noon() + minutes{1} + std::chrono::seconds{1});
}

TEST_CASE("jail file: comments, blank lines and CRLF of who edited it are no matter",
          "[access][jail_file]") {
  const JailFile file = parse_jail(
      "jail",
      "sluice jail 1\r\n\r\n# x\r\n::1 tls 1 2026-06-01T12:00:00Z 2026-06-01T12:10:00Z\r\n");
  CHECK(file.inmates.size() == 1);
  CHECK(texts(file.problems).empty());
}

TEST_CASE("jail file: a bad line is skipped and reported, the others are read",
          "[access][jail_file]") {
  constexpr std::string_view kTimes = " 2026-06-01T12:00:00Z 2026-06-01T12:10:00Z";
  const std::string bad[] = {
      "nonsense",
      "::1",
      "localhost tls 1" + std::string(kTimes),
      "::1 boredom 1" + std::string(kTimes),
      "::1 tls -1" + std::string(kTimes),
      "::1 tls 1x" + std::string(kTimes),
      "::1 tls 4294967296" + std::string(kTimes),
      "::1 tls " + std::string(kTimes),
      "::1  tls 1" + std::string(kTimes),
      "::1 tls 1 2026-06-01T12:00:00Z",
      "::1 tls 1 2026-06-01T12:00:00Z 2026-06-01T11:59:59Z",
      "::1 tls 1" + std::string(kTimes) + " more",
      std::string("::1\0tls", 7),
  };
  for (const std::string& line : bad) {
    INFO(line);
    std::string text(kText);
    text.insert(text.find("198."), line + "\n");
    const JailFile file = parse_jail("jail", text);
    CHECK(file.inmates == some_inmates());
    CHECK(file.bad_lines == 1);
    REQUIRE(file.problems.size() == 1);
    CHECK(file.problems[0].where == "jail:4");
  }
  CHECK(texts(parse_jail("jail", "sluice jail 1\na\tb\n").problems) ==
        std::vector<std::string>{"jail:2: \"a\\x09b\" is no line of a jail"});
}

TEST_CASE("jail file: of very many problems the first are told, and how many there are",
          "[access][jail_file]") {
  std::string text = "sluice jail 1\n";
  for (int i = 0; i < 1000; ++i) text += "garbage\n";
  const JailFile file = parse_jail("jail", text);
  CHECK(file.problems.size() == 10);
  CHECK(file.bad_lines == 1000);
}

TEST_CASE("jail file: a file of something else, or of another version, is left alone",
          "[access][jail_file]") {
  for (const char* text : {"\n", "sluice jail 2\n", "sluice jail 11\n", "192.0.2.1\n"}) {
    const JailFile file = parse_jail("jail", std::string(text) + "::1 tls 1 x y\n");
    CHECK(file.inmates.empty());
    CHECK(file.problems.size() == 1);
    CHECK(file.foreign);
  }
  CHECK(texts(parse_jail("jail", "sluice jail 2\n").problems) ==
        std::vector<std::string>{"jail:1: \"sluice jail 2\" is not \"sluice jail 1\""});
}

TEST_CASE("jail file: an empty file is that of nobody, as one that is not there",
          "[access][jail_file]") {
  const TempDir dir;
  for (const JailFile& file : {parse_jail("jail", ""), read_jail(dir.file("none"))}) {
    CHECK(file.inmates.empty());
    CHECK(file.problems.empty());
    CHECK_FALSE(file.foreign);
  }
}

TEST_CASE("jail file: it is written for its owner alone, and read back", "[access][jail_file]") {
  const TempDir dir;
  const std::string path = dir.file("jail");
  REQUIRE_FALSE(write_jail(path, some_inmates()));
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  CHECK(read_jail(path).inmates == some_inmates());
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_CASE("jail file: it takes the place of the old one at once", "[access][jail_file]") {
  const TempDir dir;
  const std::string path = dir.write("jail", "old");
  // Who has the old one open goes on reading the old one; what a run that died has left is no
  // obstacle, not even if it points elsewhere.
  std::filesystem::create_hard_link(path, dir.file("opened"));
  std::filesystem::create_symlink(dir.write("elsewhere", "untouched"), path + ".new");
  REQUIRE_FALSE(write_jail(path, some_inmates()));
  CHECK(support::read_file(path) == kText);
  CHECK(support::read_file(dir.file("opened")) == "old");
  CHECK(support::read_file(dir.file("elsewhere")) == "untouched");
  CHECK_FALSE(std::filesystem::is_symlink(path));
}

TEST_CASE("jail file: what cannot be written is an error, and leaves nothing behind",
          "[access][jail_file]") {
  const TempDir dir;
  const std::string missing = dir.file("missing/jail");
  const std::optional<Error> error = write_jail(missing, some_inmates());
  REQUIRE(error);
  CHECK(error->text() == missing + ": cannot write it: No such file or directory");

  std::filesystem::create_directories(dir.file("directory/in"));
  REQUIRE(write_jail(dir.file("directory"), some_inmates()));
  CHECK_FALSE(std::filesystem::exists(dir.file("directory.new")));
}

TEST_CASE("jail file: without one the jail is empty, one that cannot be read is reported",
          "[access][jail_file]") {
  const TempDir dir;
  const JailFile none = read_jail(dir.file("none"));
  CHECK(none.inmates.empty());
  CHECK(none.problems.empty());
  const std::string directory = dir.path().string();
  CHECK(texts(read_jail(directory).problems) ==
        std::vector<std::string>{directory + ": cannot read it: it is no regular file"});
}

}  // namespace
}  // namespace sluice::access
