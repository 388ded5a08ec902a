// SPDX-License-Identifier: MIT
// FileLookup: from the path of a request to an open file below a root, and to nothing else: no
// link, no "..", no encoded slash leads out of it (openat2(2), RESOLVE_BENEATH), and no name that
// begins with a dot is there, but /.well-known (RFC 8615).
//
// The root is opened anew for each look-up, so that a link that is turned to the next release takes
// effect at once. Immutable; any thread may use it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/arena.h"
#include "proxy/base/fd.h"

namespace sluice::handlers {

struct FoundFile {
  enum class Status : std::uint8_t {
    Found,
    Directory,  // there is one, but the path does not end with a slash
    Listing,    // there is one, with a slash, no index, and it may be listed
    Missing,
    Refused,    // not for everybody's eyes, or no path of a file: looks like Missing from outside
    Forbidden,  // the system does not let us read it
    Failed,     // nobody knows: no root, no descriptors, a broken disk
  };

  Status status = Status::Missing;
  Fd fd;
  std::string_view path;  // below the root, NUL behind it; from the arena
  // By which it was found, in the place of the path that was asked for; the FileLookup's. Or none.
  std::string_view fallback;
  std::uint64_t size = 0;
  std::int64_t modified_seconds = 0;
  std::uint32_t modified_nanoseconds = 0;
  // Which file it is, and when it or what is said of it was last touched.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t changed_seconds = 0;
  std::uint32_t changed_nanoseconds = 0;
  // By the system's clock, just before all of that was read.
  std::int64_t looked_seconds = 0;
  std::uint32_t looked_nanoseconds = 0;
  bool changing = false;  // it was touched while its content was read
};

// Whether nobody has changed it, or what is said of it, since it was found.
bool is_untouched(const FoundFile& file);

class FileLookup {
 public:
  // `index`: names of files that stand for their directory, the first that is there.
  // `fallbacks`: paths of files to try when there is none, but not for what is Refused. `listing`:
  // a directory without an index is found itself.
  FileLookup(std::string root, std::vector<std::string> index, std::vector<std::string> fallbacks,
             bool listing);

  // `path`: of the URL, normalised, with its escapes.
  FoundFile find(std::string_view path, Arena& arena) const;

  // The file beside a found one whose name has `suffix` behind it, if it is not older.
  FoundFile find_sibling(const FoundFile& file, std::string_view suffix, Arena& arena) const;

  // For who looks at many: the root, invalid where it cannot be opened, and what is at a path below
  // it, which has no escapes; its path is not kept.
  Fd open_root() const;
  static FoundFile look(const Fd& root, const std::string& path);

  // Tells apart look-ups that may find different files for the same path.
  const std::string& identity() const { return identity_; }

  // Why the root cannot be opened, as an errno; 0 if it can.
  int problem() const;

 private:
  FoundFile find_below(int root, std::string_view path, Arena& arena) const;
  FoundFile find_index(int root, std::string_view directory, Arena& arena) const;

  const std::string root_;
  const std::vector<std::string> index_;
  const std::vector<std::string> fallbacks_;
  const bool listing_;
  const std::string identity_;
};

}  // namespace sluice::handlers
