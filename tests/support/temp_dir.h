// SPDX-License-Identifier: MIT
// A directory of the test's own, removed with all that is in it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace sluice::support {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // The path of a file in it, which need not exist.
  std::string file(std::string_view name) const { return (path_ / name).string(); }

  // Writes a file, replacing what was there, and returns its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

// The whole content of a file. Throws Failure when it cannot be read.
std::string read_file(const std::string& path);

}  // namespace sluice::support
