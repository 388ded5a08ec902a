// SPDX-License-Identifier: MIT
// IpList: blocks of addresses that are allowed or denied, of which the longest that holds an
// address decides. Built once from up to millions of blocks, at start-up or reload; immutable, so
// that every worker reads it without a lock, and a look-up allocates nothing.
//
// Nested blocks are flattened into ranges that do not overlap (range_map.h): at most two for each
// block and one more, fewer where blocks touch or agree with what is around them. So a block takes
// at most 13.6 bytes for IPv4 and 37.6 for IPv6. Building takes another 24 bytes a block, for a
// while.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "conf/result.h"
#include "proxy/access/range_map.h"
#include "proxy/base/ip.h"

namespace sluice::access {

// A block, and where it stands in its source: a line (from 1) or an index (from 0).
struct ListEntry {
  Cidr block;
  std::uint32_t at = 0;
};

// A file, or an array in the configuration, whose blocks all have one verdict.
struct ListSource {
  std::string place(const ListEntry& entry) const;  // "deny.txt:12", "access.deny[3]"

  std::string name;
  bool is_file = false;
  Listed verdict = Listed::Deny;
  std::vector<ListEntry> entries;
};

class IpList {
 public:
  // Without a block.
  IpList();

  // A block may stand in any number of places, but not be allowed in one and denied in another:
  // the error names both. REQUIRES: no verdict is None; at most 65536 sources.
  static Result<IpList> build(std::span<const ListSource> sources);

  // None where no block holds the address, and for the none address.
  Listed find(const IpAddress& address) const;

  // Blocks, each counted once.
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return v4_.bytes() + v6_.bytes(); }

 private:
  RangeMap<std::uint32_t> v4_;
  RangeMap<Uint128> v6_;
  std::size_t size_ = 0;
};

}  // namespace sluice::access
