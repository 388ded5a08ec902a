// SPDX-License-Identifier: MIT
#include "proxy/access/list_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/deadline.h"
#include "tests/support/temp_dir.h"

namespace sluice::access {
namespace {

using support::TempDir;

// "line block", for each.
std::vector<std::string> parsed(std::string_view text) {
  const Result<std::vector<ListEntry>> entries = parse_list("list", text);
  if (!entries) FAIL(entries.error().text());
  std::vector<std::string> lines;
  for (const ListEntry& entry : *entries) {
    lines.push_back(std::to_string(entry.at) + " " + entry.block.to_string());
  }
  return lines;
}

std::string error_of(std::string_view text, const ListLimits& limits = {}) {
  const Result<std::vector<ListEntry>> entries = parse_list("deny.txt", text, limits);
  return entries ? "none" : entries.error().text();
}

using Lines = std::vector<std::string>;

TEST_CASE("list file: a line is an address or a block", "[access][list_file]") {
  CHECK(parsed("10.0.0.0/8\n192.0.2.1\n2001:db8::/32\n::1\n") ==
        Lines{"1 10.0.0.0/8", "2 192.0.2.1", "3 2001:db8::/32", "4 ::1"});
  CHECK(parsed("10.0.0.0/8") == Lines{"1 10.0.0.0/8"});
  CHECK(parsed("10.1.2.3/8\n2001:db8::1/32\n") == Lines{"1 10.0.0.0/8", "2 2001:db8::/32"});
  CHECK(parsed("192.0.2.1\nall # the rest\n") == Lines{"1 192.0.2.1", "2 0.0.0.0/0", "2 ::/0"});
  CHECK(error_of("All\n") == "deny.txt:1: \"All\" is no address or CIDR block");
}

TEST_CASE("list file: comments, blanks, CRLF and a byte order mark are no matter",
          "[access][list_file]") {
  CHECK(parsed("").empty());
  CHECK(parsed("\n\r\n \t\n").empty());
  CHECK(parsed("\xef\xbb\xbf").empty());
  CHECK(parsed("# 10.0.0.1\n; 10.0.0.2\n  # 10.0.0.3").empty());
  CHECK(parsed("\xef\xbb\xbf"
               "10.0.0.0/8\r\n\r\n  192.0.2.1 # who\r\n::1;who\r\n\t::2\t") ==
        Lines{"1 10.0.0.0/8", "3 192.0.2.1", "4 ::1", "5 ::2"});
}

TEST_CASE("list file: the line that is no block is named and shown", "[access][list_file]") {
  CHECK(error_of("10.0.0.0/8\n\n# x\nlocalhost # y\n") ==
        "deny.txt:4: \"localhost\" is no address or CIDR block");
  CHECK(error_of("10.0.0.0/33") == "deny.txt:1: \"10.0.0.0/33\" is no address or CIDR block");
  CHECK(error_of("10.0.0.1 10.0.0.2\n") ==
        "deny.txt:1: \"10.0.0.1 10.0.0.2\" is no address or CIDR block");
  CHECK(error_of("::1\n\xef\xbb\xbf::1") ==
        "deny.txt:2: \"\\xef\\xbb\\xbf::1\" is no address or CIDR block");
}

TEST_CASE("list file: what is shown of a bad line is short and has no control characters",
          "[access][list_file]") {
  CHECK(error_of("a\x1b[2J\rb\"\\\n") ==
        "deny.txt:1: \"a\\x1b[2J\\x0db\\\"\\\\\" is no address or CIDR block");
  CHECK(error_of(std::string_view("\0\n", 2)) ==
        "deny.txt:1: \"\\x00\" is no address or CIDR block");
  CHECK(error_of(std::string(5000, 'x')) ==
        "deny.txt:1: \"" + std::string(60, 'x') + "...\" is no address or CIDR block");
}

TEST_CASE("list file: the number of blocks is bounded", "[access][list_file]") {
  CHECK(error_of("::1\n::2\n", {.blocks_max = 2}) == "none");
  CHECK(error_of("::1\n::2\n\n::3\n", {.blocks_max = 2}) ==
        "deny.txt:4: a list has at most 2 blocks");
}

TEST_CASE("list file: it is read with its stamp, which tells when it changed",
          "[access][list_file]") {
  const TempDir dir;
  const std::string path = dir.write("list", "10.0.0.0/8\n::1\n");
  const Result<ListFile> file = read_list(path);
  REQUIRE(file);
  CHECK(file->entries.size() == 2);
  CHECK(stamp_of(path) == file->stamp);
  dir.write("list", "10.0.0.0/8\n::1\n::2\n");
  CHECK(stamp_of(path) != file->stamp);
  std::filesystem::rename(dir.write("other", "10.0.0.0/9\n::1\n"), path);
  CHECK(stamp_of(path) != file->stamp);
  std::filesystem::remove(path);
  CHECK_FALSE(stamp_of(path));
}

TEST_CASE("list file: an error in the file has its path and line", "[access][list_file]") {
  const TempDir dir;
  const std::string path = dir.write("list", "::1\nnonsense\n");
  const Result<ListFile> file = read_list(path);
  REQUIRE_FALSE(file);
  CHECK(file.error().text() == path + ":2: \"nonsense\" is no address or CIDR block");
}

TEST_CASE("list file: what cannot be read is refused with the reason", "[access][list_file]") {
  const TempDir dir;
  const auto error_reading = [](const std::string& path, const ListLimits& limits = {}) {
    const Result<ListFile> file = read_list(path, limits);
    return file ? "none" : file.error().text();
  };
  const std::string missing = dir.file("missing");
  CHECK(error_reading(missing) == missing + ": cannot read it: No such file or directory");

  const std::string directory = dir.path().string();
  CHECK(error_reading(directory) == directory + ": cannot read it: it is no regular file");

  const std::string pipe = dir.file("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(error_reading(pipe) == pipe + ": cannot read it: it is no regular file");

  const std::string large = dir.write("large", "10.0.0.0/8\n");
  CHECK(error_reading(large, {.bytes_max = 11}) == "none");
  CHECK(error_reading(large, {.bytes_max = 10}) == large + ": has more than 10B");

  if (geteuid() != 0) {
    REQUIRE(chmod(large.c_str(), 0) == 0);
    CHECK(error_reading(large) == large + ": cannot read it: Permission denied");
  }
}

TEST_CASE("list file: what is written to while it is read is refused",
          "[access][list_file][regression]") {
  const TempDir dir;
  const std::string path = dir.write("growing", std::string(1 << 20, '\n'));
  const std::jthread writing([&dir](const std::stop_token& stop) {
    for (std::size_t size = 1 << 20; !stop.stop_requested(); ++size) {
      dir.write("growing", std::string(size, '\n'));
    }
  });
  std::string error;
  for (const support::Deadline deadline; error.empty() && !deadline.expired();) {
    const Result<ListFile> file = read_list(path);
    if (!file) error = file.error().text();
  }
  CHECK(error == path + ": was written to while it was read");
}

TEST_CASE("list file: files of other systems, that have no size, are read to their end",
          "[access][list_file]") {
  const Result<FileText> text = read_text("/proc/self/status", 1 << 20);
  REQUIRE(text);
  CHECK(text->stamp.size == 0);
  CHECK(text->text.find("Pid:") != std::string::npos);
}

}  // namespace
}  // namespace sluice::access
