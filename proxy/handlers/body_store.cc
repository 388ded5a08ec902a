// SPDX-License-Identifier: MIT
#include "proxy/handlers/body_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sluice::handlers {

BodyStore::BodyStore(BlockPool& blocks, const Limits& limits)
    : limits_(limits), memory_(blocks), window_(blocks) {}

bool BodyStore::append(std::string_view bytes) {
  std::size_t fitting = bytes.size();
  if (limits_.directory != nullptr) {
    const std::size_t room = limits_.memory_bytes - std::min(limits_.memory_bytes, memory_.size());
    fitting = file_bytes_ > 0 ? 0 : std::min(room, fitting);
  }
  memory_.append(bytes.substr(0, fitting));
  return append_to_file(bytes.substr(fitting));
}

bool BodyStore::append_to_file(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!file_.valid() && !open_file()) return false;
    const ssize_t count =
        ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(file_bytes_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    file_bytes_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool BodyStore::open_file() {
  file_ = Fd(::open(limits_.directory->c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  return file_.valid();
}

std::string_view BodyStore::read_at(std::uint64_t offset, bool* failed) {
  *failed = false;
  if (offset < memory_.size()) return memory_.piece_at(offset);
  const std::uint64_t from = offset - memory_.size();
  if (from >= file_bytes_) return {};
  window_.clear();
  char* const room = window_.reserve(BlockPool::kBlockBytes);
  ssize_t count = 0;
  do {
    count = ::pread(file_.get(), room, BlockPool::kBlockBytes, static_cast<off_t>(from));
  } while (count < 0 && errno == EINTR);
  *failed = count <= 0;  // nothing where something was written is a failure too
  return {room, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

void BodyStore::clear() {
  memory_.clear();
  window_.clear();
  file_.reset();
  file_bytes_ = 0;
}

}  // namespace sluice::handlers
