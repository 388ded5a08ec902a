// SPDX-License-Identifier: MIT
// What the content of a file is known by. A file system's clock moves in ticks, of 4 ms on most
// systems: what is changed twice within one has the same time after both. So a time says which
// content a file has only where that had been left alone when it was looked at. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/handlers/file_lookup.h"

namespace sluice::handlers {

// Whether it was changed so long before it was looked at that a later change will show, and not
// while it was read. A time in the future is that of a clock which cannot be trusted.
bool is_settled(const FoundFile& file);

// Strong of a settled file: size, time and inode, the same for all processes. Of others it is weak
// (RFC 9110 8.8.1) and that of one look, so that nobody is told later that what he has is current.
std::string_view entity_tag(const FoundFile& file, Arena& arena);

// Of a settled file: the whole second behind its last change, by which no answer with what it was
// before is dated. A time without a fraction was set by somebody, and is said as it is.
std::int64_t last_modified(const FoundFile& file);

// From when on an answer that is dated so had this content: what is moved to its path may have an
// old time.
std::int64_t here_since(const FoundFile& file);

// For who keeps the content: as long as it is the same, so is the content. Empty of what is not
// settled: then nothing is known.
std::string content_mark(const FoundFile& file);

// The same of the file that has that mark. Nothing of an empty one.
std::optional<std::int64_t> here_since(std::string_view mark);

}  // namespace sluice::handlers
