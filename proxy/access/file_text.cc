// SPDX-License-Identifier: MIT
#include "proxy/access/file_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "conf/units.h"
#include "proxy/base/fd.h"

namespace sluice::access {
namespace {

FileStamp stamp_from(const struct stat& status) {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  return {status.st_dev, status.st_ino, status.st_size,
          status.st_ctim.tv_sec * kNsPerSecond + status.st_ctim.tv_nsec};
}

// The error of the call that has just failed.
Error unreadable(const std::string& path) {
  return {path, fmt::format("cannot read it: {}", std::generic_category().message(errno))};
}

}  // namespace

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return stamp_from(status);
}

Result<FileText> read_text(const std::string& path, std::size_t bytes_max) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file.valid() || fstat(file.get(), &status) != 0) return unreadable(path);
  if (!S_ISREG(status.st_mode)) return Error{path, "cannot read it: it is no regular file"};

  // One byte more than there should be, to see the end; a file that grows is read on.
  FileText result{{}, stamp_from(status)};
  std::size_t room = std::min(static_cast<std::size_t>(status.st_size), bytes_max) + 1;
  std::size_t filled = 0;
  while (true) {
    result.text.resize(room);
    const ssize_t got = read(file.get(), result.text.data() + filled, room - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > bytes_max) {
      return Error{path, fmt::format("has more than {}", conf::print_bytes(bytes_max))};
    }
    if (filled == room) room = std::min(2 * room, bytes_max + 1);
  }
  result.text.resize(filled);
  return result;
}

std::string quote_for_message(std::string_view text) {
  constexpr std::size_t kBytesMax = 60;
  std::string quoted = "\"";
  for (const char c : text.substr(0, kBytesMax)) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c >= ' ' && c <= '~') {
      quoted += c;
    } else {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (text.size() > kBytesMax) quoted += "...";
  return quoted + "\"";
}

}  // namespace sluice::access
