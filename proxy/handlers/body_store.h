// SPDX-License-Identifier: MIT
// BodyStore: a request body that is held until it is sure to be needed no more: its beginning in
// memory, the rest in a file without a name, which is gone with the store, whatever happens to the
// process.
//
// The file is read and written on the loop's thread: the page cache takes it at the speed of
// memory, and only routes that ask for it use it. One per exchange; single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/buffer.h"
#include "proxy/base/fd.h"

namespace sluice::handlers {

class BodyStore {
 public:
  struct Limits {
    std::size_t memory_bytes = 0;            // above it, the file
    const std::string* directory = nullptr;  // borrowed; null: there is no file
  };

  BodyStore(BlockPool& blocks, const Limits& limits);

  // Holds `bytes`, in the file if they do not fit into memory and there is one. False when the file
  // did not take them: the store is then of no more use. errno says why.
  bool append(std::string_view bytes);

  std::uint64_t size() const { return memory_.size() + file_bytes_; }

  // The bytes from `offset` on, as far as they lie together; empty at the end, or, with *failed,
  // when the file could not be read. Valid until the next call.
  std::string_view read_at(std::uint64_t offset, bool* failed);

  void clear();

 private:
  bool append_to_file(std::string_view bytes);
  bool open_file();

  const Limits limits_;
  Buffer memory_;
  Buffer window_;  // of the file, for read_at()
  Fd file_;
  std::uint64_t file_bytes_ = 0;
};

}  // namespace sluice::handlers
