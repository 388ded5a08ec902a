// SPDX-License-Identifier: MIT
#include "conf/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "conf/path.h"
#include "conf/syntax.h"

namespace sluice::conf {

std::optional<std::string> unreadable(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::generic_category().message(errno);
  struct stat status {};
  const bool is_directory = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
  close(fd);
  if (is_directory) return std::generic_category().message(EISDIR);
  return std::nullopt;
}

Result<std::string> token_in(const std::string& path) {
  const auto because = [&path](const std::string& why) {
    return Error{"admin.token_file",
                 fmt::format("cannot read a token from {}: {}", in_quotes(path), why)};
  };
  if (const auto why = unreadable(path)) return because(*why);
  constexpr std::size_t kBytesMax = 4096;
  std::array<char, kBytesMax> line{};
  std::ifstream file(path);
  const bool too_long = !file.getline(line.data(), kBytesMax) && file.gcount() > 0;
  if (too_long) return because("its first line is too long");
  std::string token(line.data(), static_cast<std::size_t>(file.gcount()));
  if (!token.empty() && !file.eof()) token.pop_back();  // what stands for the end of the line
  while (token.ends_with('\r') || token.ends_with(' ')) token.pop_back();
  if (token.empty()) return because("its first line is empty");
  if (const auto fault = token_fault(token)) return because(fault->message);
  return token;
}

}  // namespace sluice::conf
