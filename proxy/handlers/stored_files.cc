// SPDX-License-Identifier: MIT
#include "proxy/handlers/stored_files.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "proxy/handlers/file_version.h"

namespace sluice::handlers {

namespace {

// No URL begins so. What stands before the first line feed is one file's, as a URL is one
// resource's.
constexpr std::string_view kKeyBegin = "file:";

// False where the file has become shorter or cannot be read.
bool read_whole(const FoundFile& file, std::string& out) {
  out.resize(file.size);
  for (std::size_t at = 0; at < out.size();) {
    const ssize_t count =
        ::pread(file.fd.get(), out.data() + at, out.size() - at, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += static_cast<std::size_t>(count);
  }
  return true;
}

cache::BodyPtr body_of(const FoundFile& file) {
  std::string bytes;
  return read_whole(file, bytes) ? cache::Body::of(bytes) : cache::BodyPtr();
}

}  // namespace

cache::Key StoredFiles::key(exchange::Exchange& exchange, const FileLookup& lookup,
                            std::string_view path, std::string_view extras) const {
  return store_.key(
      exchange.arena().join({kKeyBegin, lookup.identity(), "\t", path, "\n", extras}));
}

StoredFiles::Found StoredFiles::find(const cache::Key& key, cache::Time now) const {
  const std::uint64_t purges = store_.purges(key);
  cache::Lookup found = store_.find(key, cache::AnyEntry(), now);
  const bool fresh = found.entry && !found.entry->marked_stale() &&
                     cache::freshness_left(found.entry->terms(), now) > 0;
  return {std::move(found.entry), fresh, purges};
}

cache::EntryPtr StoredFiles::keep(exchange::Exchange& exchange, const cache::Key& key,
                                  const FoundFile& file, const Found& known,
                                  cache::Time now) const {
  // In the place of tags, which a file has none of.
  const std::string mark = content_mark(file);
  const bool untouched = known.entry && !mark.empty() && known.entry->tags() == mark;
  cache::EntryParts parts;
  parts.key = key;
  parts.terms.response_time = now;
  parts.tags = mark;
  parts.body = untouched ? known.entry->body() : body_of(file);
  return parts.body ? insert(exchange, std::move(parts), known) : cache::EntryPtr();
}

cache::EntryPtr StoredFiles::keep_page(exchange::Exchange& exchange, const cache::Key& key,
                                       std::string_view page, const Found& known,
                                       cache::Time now) const {
  cache::EntryParts parts;
  parts.key = key;
  parts.terms.response_time = now;
  parts.body = cache::Body::of(page);
  return insert(exchange, std::move(parts), known);
}

// With the fields that the response has.
cache::EntryPtr StoredFiles::insert(exchange::Exchange& exchange, cache::EntryParts parts,
                                    const Found& known) const {
  const http::Fields& head = exchange.response_slot().fields;
  std::vector<cache::Field> fields;
  fields.reserve(head.size());
  for (const http::Field& field : head) {
    fields.push_back({field.name, field.value, static_cast<std::uint8_t>(field.id)});
  }
  parts.fields = fields;
  parts.terms.lifetime = 1;
  parts.content_length = parts.body->available();
  cache::EntryPtr entry = cache::Entry::create(parts);
  store_.insert(entry, known.purges);
  return entry;
}

}  // namespace sluice::handlers
