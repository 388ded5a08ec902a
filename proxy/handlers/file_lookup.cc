// SPDX-License-Identifier: MIT
#include "proxy/handlers/file_lookup.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>

#include "proxy/http/chars.h"

namespace sluice::handlers {

namespace {

using Status = FoundFile::Status;

constexpr std::string_view kWellKnown = ".well-known";

// Both, as a path that ends with NUL, which openat2 wants.
std::string_view joined(std::string_view first, std::string_view second, Arena& arena) {
  std::string_view path = arena.join({first, second, std::string_view("\0", 1)});
  path.remove_suffix(1);
  return path;
}

// The bytes that a normalised path names, without its first slash. Nothing for an escape that is a
// slash or a NUL: no file has either in its name.
std::optional<std::string_view> decode(std::string_view path, Arena& arena) {
  char* const out = arena.allocate(path.size() + 1);
  char* end = out;
  for (std::size_t at = 1; at < path.size(); ++at) {
    char c = path[at];
    if (c == '%') {
      if (path.size() - at < 3) return std::nullopt;
      c = static_cast<char>(http::hex_value(path[at + 1]) * 16 + http::hex_value(path[at + 2]));
      if (c == '/' || c == '\0') return std::nullopt;
      at += 2;
    }
    *end++ = c;
  }
  *end = '\0';
  return std::string_view(out, static_cast<std::size_t>(end - out));
}

bool is_hidden(std::string_view path) {
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, slash - at);
    if (segment.starts_with('.') && !(at == 0 && segment == kWellKnown)) return true;
    at = slash + 1;
  }
  return false;
}

Status status_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case EINVAL:  // no name in this file system
    case EILSEQ:
    case ENXIO:  // a socket, or a device that is not there
    case ENODEV:
      return Status::Missing;
    case EACCES:
    case EPERM:
      return Status::Forbidden;
    case EXDEV:  // links that lead out
    case ELOOP:
      return Status::Refused;
    default:
      return Status::Failed;
  }
}

void describe(FoundFile& file, const struct stat& status) {
  file.size = static_cast<std::uint64_t>(status.st_size);
  file.modified_seconds = status.st_mtim.tv_sec;
  file.modified_nanoseconds = static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
  file.device = status.st_dev;
  file.inode = status.st_ino;
  file.changed_seconds = status.st_ctim.tv_sec;
  file.changed_nanoseconds = static_cast<std::uint32_t>(status.st_ctim.tv_nsec);
}

// While something is renamed anywhere, the kernel may be unable to say whether a ".." of a link led
// out (EAGAIN, openat2(2)): then it is asked again. Who leases the file gives the same answer for
// as long as that takes. Never blocks on a FIFO, never becomes a terminal's owner.
Fd open_at(int root, const char* name) {
  constexpr int kTries = 64;
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 1;; ++tries) {
    Fd fd(static_cast<int>(::syscall(SYS_openat2, root, name, &how, sizeof(how))));
    const bool may_again = errno == EAGAIN || errno == EINTR;
    if (fd.valid() || !may_again || tries == kTries) return fd;
  }
}

// REQUIRES: NUL behind the path.
FoundFile open_below(int root, std::string_view path) {
  FoundFile found;
  found.path = path;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  found.looked_seconds = now.tv_sec;
  found.looked_nanoseconds = static_cast<std::uint32_t>(now.tv_nsec);
  found.fd = open_at(root, path.empty() ? "." : path.data());
  struct stat status {};
  if (!found.fd.valid() || ::fstat(found.fd.get(), &status) != 0) {
    found.status = status_of(errno);
    return found;
  }
  if (S_ISDIR(status.st_mode)) {
    found.status = Status::Directory;
  } else if (S_ISREG(status.st_mode)) {
    found.status = Status::Found;
    describe(found, status);
  }
  return found;
}

FoundFile refused() {
  FoundFile found;
  found.status = Status::Refused;
  return found;
}

// Without the root nothing can be said of what is below it.
FoundFile failed() {
  FoundFile found;
  found.status = Status::Failed;
  return found;
}

std::string identity_of(const std::string& root, const std::vector<std::string>& index,
                        const std::vector<std::string>& fallbacks) {
  std::string text = root;
  for (const std::string& name : index) text.append("\t").append(name);
  for (const std::string& path : fallbacks) text.append("\t").append(path);
  return text;
}

}  // namespace

bool is_untouched(const FoundFile& file) {
  struct stat status {};
  return ::fstat(file.fd.get(), &status) == 0 && status.st_ctim.tv_sec == file.changed_seconds &&
         status.st_ctim.tv_nsec == file.changed_nanoseconds &&
         static_cast<std::uint64_t>(status.st_size) == file.size;
}

FileLookup::FileLookup(std::string root, std::vector<std::string> index,
                       std::vector<std::string> fallbacks, bool listing)
    : root_(std::move(root)),
      index_(std::move(index)),
      fallbacks_(std::move(fallbacks)),
      listing_(listing),
      identity_(identity_of(root_, index_, fallbacks_)) {}

Fd FileLookup::open_root() const {
  return Fd(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

int FileLookup::problem() const {
  const Fd root = open_root();
  if (!root.valid()) return errno;
  return open_below(root.get(), {}).fd.valid() ? 0 : errno;
}

FoundFile FileLookup::find(std::string_view path, Arena& arena) const {
  const Fd root = open_root();
  if (!root.valid()) return failed();
  FoundFile found = find_below(root.get(), path, arena);
  for (const std::string& fallback : fallbacks_) {
    if (found.status != Status::Missing) break;
    found = find_below(root.get(), fallback, arena);
    // The redirect to a directory would lead back to here; the links of a listing would elsewhere.
    const bool passed_over = found.status == Status::Directory || found.status == Status::Listing ||
                             found.status == Status::Refused;
    if (passed_over) found = {};
    found.fallback = fallback;
  }
  return found;
}

FoundFile FileLookup::find_below(int root, std::string_view path, Arena& arena) const {
  const auto name = decode(path, arena);
  if (!name || is_hidden(*name)) return refused();
  const bool slash_behind = path.ends_with('/');
  FoundFile found = open_below(root, *name);
  if (found.status == Status::Directory && slash_behind) {
    FoundFile index = find_index(root, *name, arena);
    if (index.status != Status::Missing || !listing_) return index;
    found.status = Status::Listing;
  }
  if (found.status == Status::Found && slash_behind) return {};  // "/file/" is not "/file"
  return found;
}

FoundFile FileLookup::find_index(int root, std::string_view directory, Arena& arena) const {
  for (const std::string& name : index_) {
    FoundFile found = open_below(root, joined(directory, name, arena));
    if (found.status == Status::Directory || found.status == Status::Refused) continue;
    if (found.status != Status::Missing) return found;
  }
  return {};
}

FoundFile FileLookup::look(const Fd& root, const std::string& path) {
  FoundFile found = open_below(root.get(), path);
  found.path = {};
  return found;
}

FoundFile FileLookup::find_sibling(const FoundFile& file, std::string_view suffix,
                                   Arena& arena) const {
  const Fd root = open_root();
  if (!root.valid()) return {};
  FoundFile sibling = open_below(root.get(), joined(file.path, suffix, arena));
  const bool current = sibling.modified_seconds > file.modified_seconds ||
                       (sibling.modified_seconds == file.modified_seconds &&
                        sibling.modified_nanoseconds >= file.modified_nanoseconds);
  if (sibling.status != Status::Found || !current) return {};
  return sibling;
}

}  // namespace sluice::handlers
