// SPDX-License-Identifier: MIT
// A list file: one address, CIDR block or "all" a line.
//
// `#` and `;` begin a comment, on a line of its own or behind the block; blank lines, CRLF and a
// byte order mark are no matter. Bits behind a block's prefix are ignored. The first line that is
// anything else refuses the whole file, as "deny.txt:12: ...": half a list would be another list.
// Pure but for read_list(), which is the control thread's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/result.h"
#include "proxy/access/file_text.h"
#include "proxy/access/ip_list.h"

namespace sluice::access {

struct ListLimits {
  std::size_t bytes_max = std::size_t{256} << 20;
  // Each is 24 bytes until the IpList is built.
  std::size_t blocks_max = 10'000'000;
};

// Appends the address or block that `text` names; of "all", which is every address, a block for
// each family. False where it names none.
bool append_blocks(std::string_view text, std::uint32_t at, std::vector<ListEntry>& entries);

// `name` is only for the errors.
Result<std::vector<ListEntry>> parse_list(const std::string& name, std::string_view text,
                                          const ListLimits& limits = {});

struct ListFile {
  std::vector<ListEntry> entries;
  FileStamp stamp;
};

// Refuses what is written to meanwhile, too.
Result<ListFile> read_list(const std::string& path, const ListLimits& limits = {});

}  // namespace sluice::access
