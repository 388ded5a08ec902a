// SPDX-License-Identifier: MIT
// StoredFiles: small files in the store of the cache, so that a hot one costs neither open(2) nor
// read(2). Each is looked at again once a second; one that has not changed keeps its bytes, but one
// that was changed a moment ago is read again, as a second change may not show.
//
// Threading: any; borrows the store, which outlives it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "cache/entry.h"
#include "cache/store.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/file_lookup.h"

namespace sluice::handlers {

class StoredFiles {
 public:
  // Larger ones are read, or sent, from where they lie.
  static constexpr std::uint64_t kFileBytesMax = 64 * 1024;

  // `object_bytes_max`: nothing is kept of larger files. `answered_by`: tells apart answers with
  // the same files that differ in what is said of them.
  StoredFiles(cache::Store& store, std::uint64_t object_bytes_max, std::string answered_by = {})
      : store_(store), object_bytes_max_(object_bytes_max), answered_by_(std::move(answered_by)) {}

  cache::Store& store() const { return store_; }
  std::uint64_t object_bytes_max() const { return object_bytes_max_; }

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

  // The bytes of a file: those of `known`, which was found before, where it is that same file,
  // untouched, else what is read. One that was changed meanwhile is `changing` from then on. None
  // where it cannot be read as a whole. REQUIRES: not larger than kFileBytesMax.
  cache::BodyPtr body_of(FoundFile& file, const Found& known) const;
  // Of a page that was made.
  cache::BodyPtr body_of(std::string_view page) const { return store_.body_of(page); }

  struct Content {
    cache::BodyPtr body;
    std::string mark;  // content_mark(); empty: it is made anew each time
  };
  // Stores it with the fields that exchange.response_slot() has, to be looked at in a second.
  cache::EntryPtr keep(exchange::Exchange& exchange, const cache::Key& key, const Content& content,
                       const Found& known, cache::Time now) const;

 private:
  cache::Store& store_;
  const std::uint64_t object_bytes_max_;
  const std::string answered_by_;
};

}  // namespace sluice::handlers
