// SPDX-License-Identifier: MIT
// The fuzzers' committed corpus as tests: what was once interesting stays right, under every
// compiler and sanitizer, without a fuzzing engine.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"
#include "tests/support/temp_dir.h"

namespace sluice::fuzz {
namespace {

const std::filesystem::path kCorpus = "tests/fuzz/corpus";
constexpr std::uintmax_t kFileBytesMax = 8 * 1024;
constexpr std::uintmax_t kCorpusBytesMax = 300 * 1024;

std::vector<std::filesystem::path> files_of(const std::string& target) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus / target)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("fuzz: the whole corpus passes through its targets", "[fuzz]") {
  for (const Target& target : kTargets) {
    const auto files = files_of(std::string(target.name));
    CHECK(files.size() >= 3);
    for (const std::filesystem::path& file : files) {
      INFO(file.string());
      const support::Exact bytes(support::read_file(file.string()));
      CHECK_NOTHROW(target.run(bytes.view()));
    }
  }
}

TEST_CASE("fuzz: every target has its source and its corpus, and nothing else is there", "[fuzz]") {
  std::set<std::string> targets;
  for (const Target& target : kTargets) targets.insert(std::string(target.name));
  std::set<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    if (entry.is_directory()) folders.insert(entry.path().filename().string());
  }
  CHECK(folders == targets);
  for (const std::string& target : targets) {
    CHECK(std::filesystem::exists("tests/fuzz/" + target + "_fuzz.cc"));
  }
}

TEST_CASE("fuzz: the corpus stays small", "[fuzz]") {
  std::uintmax_t sum = 0;
  for (const Target& target : kTargets) {
    for (const std::filesystem::path& file : files_of(std::string(target.name))) {
      const std::uintmax_t bytes = std::filesystem::file_size(file);
      INFO(file.string());
      CHECK(bytes <= kFileBytesMax);
      sum += bytes;
    }
  }
  CHECK(sum <= kCorpusBytesMax);
}

TEST_CASE("fuzz: a target that finds something says where", "[fuzz]") {
  CHECK_THROWS_WITH(MUST(1 + 1 == 3), Catch::Contains("corpus_test.cc") &&
                                          Catch::Contains("does not hold: 1 + 1 == 3"));
  CHECK_NOTHROW(MUST(1 + 1 == 2));
}

}  // namespace sluice::fuzz
