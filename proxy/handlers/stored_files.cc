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

}  // namespace

cache::Key StoredFiles::key(exchange::Exchange& exchange, const FileLookup& lookup,
                            std::string_view path, std::string_view extras) const {
  return store_.key(exchange.arena().join(
      {kKeyBegin, lookup.identity(), "\t", path, "\n", answered_by_, extras}));
}

StoredFiles::Found StoredFiles::find(const cache::Key& key, cache::Time now) const {
  const std::uint64_t purges = store_.purges(key);
  cache::Lookup found = store_.find(key, cache::AnyEntry(), now);
  const bool fresh = found.entry && !found.entry->marked_stale() &&
                     found.entry->terms().response_time <= now &&  // the clock was not set back
                     cache::freshness_left(found.entry->terms(), now) > 0;
  return {std::move(found.entry), fresh, purges};
}

cache::BodyPtr StoredFiles::body_of(FoundFile& file, const Found& known) const {
  const std::string mark = content_mark(file);
  const bool same = known.entry && !mark.empty() && known.entry->tags() == mark;
  if (same) return known.entry->body();
  std::string bytes;
  if (!read_whole(file, bytes)) return {};
  file.changing = !is_untouched(file);
  return store_.body_of(bytes);
}

cache::EntryPtr StoredFiles::keep(exchange::Exchange& exchange, const cache::Key& key,
                                  const Content& content, const Found& known,
                                  cache::Time now) const {
  const http::Fields& head = exchange.response_slot().fields;
  std::vector<cache::Field> fields;
  fields.reserve(head.size());
  for (const http::Field& field : head) {
    fields.push_back({field.name, field.value, static_cast<std::uint8_t>(field.id)});
  }
  cache::EntryParts parts;
  parts.key = key;
  parts.fields = fields;
  parts.terms.response_time = now;
  parts.terms.lifetime = 1;
  parts.tags = content.mark;  // a file has none
  parts.content_length = content.body->available();
  parts.body = content.body;
  cache::EntryPtr entry = cache::Entry::create(parts);
  store_.insert(entry, known.purges);
  return entry;
}

}  // namespace sluice::handlers
