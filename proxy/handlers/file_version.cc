// SPDX-License-Identifier: MIT
#include "proxy/handlers/file_version.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace sluice::handlers {

namespace {

constexpr std::uint64_t kNanoseconds = 1'000'000'000;

// Some file systems count in steps of two seconds.
constexpr std::int64_t kStepSeconds = 2;

constexpr std::string_view kMarkBegin = "file:";

// When the file was changed last, and which one it is: another may have come into its place with
// the same time. Of two files that differ in one of both it differs for sure.
std::uint64_t version_of(const FoundFile& file) {
  constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15;  // odd
  const std::uint64_t time =
      static_cast<std::uint64_t>(file.changed_seconds) * kNanoseconds + file.changed_nanoseconds;
  return time ^ (file.inode * kSpread);
}

}  // namespace

bool is_settled(const FoundFile& file) {
  return !file.changing && file.looked_seconds - file.changed_seconds > kStepSeconds;
}

std::int64_t last_modified(const FoundFile& file) {
  // By so much the file's clock may be behind: the longest tick.
  constexpr std::uint64_t kBehind = 10'000'000;
  // A file system that has no fractions has none of the other time either.
  const bool was_set = file.modified_nanoseconds == 0 && file.changed_nanoseconds != 0;
  if (was_set) return file.modified_seconds;
  return file.modified_seconds + (file.modified_nanoseconds + kBehind < kNanoseconds ? 1 : 2);
}

std::int64_t here_since(const FoundFile& file) {
  return file.changed_seconds + kStepSeconds + 1;
}

std::string_view entity_tag(const FoundFile& file, Arena& arena) {
  constexpr std::size_t kRoom = 64;
  char* const out = arena.allocate(kRoom);
  const std::uint64_t version = version_of(file);
  const std::uint64_t look =
      static_cast<std::uint64_t>(file.looked_seconds) * kNanoseconds + file.looked_nanoseconds;
  const auto end =
      is_settled(file)
          ? fmt::format_to_n(out, kRoom, FMT_COMPILE("\"{:x}-{:x}\""), file.size, version)
          : fmt::format_to_n(out, kRoom, FMT_COMPILE("W/\"{:x}-{:x}-{:x}\""), file.size, version,
                             look);
  return {out, std::min(end.size, kRoom)};
}

std::string content_mark(const FoundFile& file) {
  if (!is_settled(file)) return {};
  // The time of its last change of any kind, which nobody can set.
  return fmt::format("{}{:x}.{:x}.{:x}.{:x}.{:x}", kMarkBegin, here_since(file),
                     file.changed_nanoseconds, file.device, file.inode, file.size);
}

std::optional<std::int64_t> here_since(std::string_view mark) {
  if (!mark.starts_with(kMarkBegin)) return std::nullopt;
  constexpr int kHex = 16;
  std::int64_t seconds = 0;
  std::from_chars(mark.data() + kMarkBegin.size(), mark.data() + mark.size(), seconds, kHex);
  return seconds;
}

}  // namespace sluice::handlers
