// SPDX-License-Identifier: MIT
// StoredFiles: small files in the store of the cache, so that a hot one costs neither open(2) nor
// read(2). Each is looked at again once a second; one that has not changed keeps its bytes, but one
// that was changed a moment ago is read again, as a second change may not show.
//
// Threading: any; borrows the store, which outlives it.
#pragma once

#include <cstdint>
#include <string_view>

#include "cache/entry.h"
#include "cache/store.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/file_lookup.h"

namespace sluice::handlers {

class StoredFiles {
 public:
  // Larger ones are read, or sent, from where they lie.
  static constexpr std::uint64_t kFileBytesMax = 64 * 1024;

  explicit StoredFiles(cache::Store& store) : store_(store) {}

  cache::Store& store() const { return store_; }

  // By what is looked up: by whom, under which path, and what else tells answers apart. In the
  // exchange's arena.
  cache::Key key(exchange::Exchange& exchange, const FileLookup& lookup, std::string_view path,
                 std::string_view extras) const;

  struct Found {
    cache::EntryPtr entry;     // none: it is not stored
    bool fresh = false;        // looked at within this second
    std::uint64_t purges = 0;  // of the key, until then
  };
  Found find(const cache::Key& key, cache::Time now) const;

  // Stores the file with the fields that exchange.response_slot() has; with the bytes of `known`,
  // which was found before, where it is that same file, untouched. None where it cannot be read as
  // a whole. REQUIRES: not larger than kFileBytesMax.
  cache::EntryPtr keep(exchange::Exchange& exchange, const cache::Key& key, const FoundFile& file,
                       const Found& known, cache::Time now) const;

  // The same of a page that was made, for a second.
  cache::EntryPtr keep_page(exchange::Exchange& exchange, const cache::Key& key,
                            std::string_view page, const Found& known, cache::Time now) const;

 private:
  cache::EntryPtr insert(exchange::Exchange& exchange, cache::EntryParts parts,
                         const Found& known) const;

  cache::Store& store_;
};

}  // namespace sluice::handlers
