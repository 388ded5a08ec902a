// SPDX-License-Identifier: MIT
// BlockPool and Buffer: bytes waiting for a socket, in a chain of pooled blocks.
//
// A Buffer that holds nothing owns no block, so that an idle connection costs no buffer memory.
// Single-threaded; a Buffer borrows its pool, which outlives it.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace sluice {

struct Block {
  Block* next = nullptr;  // in the chain of a Buffer or of the pool's spares
  std::size_t begin = 0;  // first byte not yet consumed
  std::size_t end = 0;    // one past the last byte written
  std::size_t capacity = 0;

  char* data() { return reinterpret_cast<char*>(this + 1); }
};

class BlockPool {
 public:
  static constexpr std::size_t kBlockBytes = 16 * 1024 - sizeof(Block);
  static constexpr std::size_t kSpareMax = 512;  // 8 MiB kept warm per worker

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  // An empty block of at least `bytes`; one of kBlockBytes unless more is asked for.
  Block* take(std::size_t bytes);
  void give_back(Block* block);

 private:
  Block* spares_ = nullptr;
  std::size_t spare_count_ = 0;
};

class Buffer {
 public:
  explicit Buffer(BlockPool& pool) : pool_(&pool) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { clear(); }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  void append(std::string_view bytes);

  // `bytes` of contiguous room at the end; what was really written is then committed.
  char* reserve(std::size_t bytes);
  // REQUIRES: bytes <= what the last reserve() asked for, with no other call between.
  void commit(std::size_t bytes);

  // Fills `pieces` from the front; returns how many were filled.
  std::size_t gather(std::span<iovec> pieces) const;

  // The bytes from `offset` on, as far as they lie in one piece. Empty at the end.
  // REQUIRES: offset <= size().
  std::string_view piece_at(std::size_t offset) const;

  // REQUIRES: bytes <= size().
  void consume(std::size_t bytes);

  // All bytes in one piece, moving them together if they are not. Empty when the buffer is.
  std::string_view flatten();

  void clear();

 private:
  void push_back(Block* block);
  void pop_front();

  BlockPool* pool_;
  Block* front_ = nullptr;  // a chain: popping moves nothing, and a chain allocates only blocks
  Block* back_ = nullptr;   // meaningful while there is a front
  std::size_t size_ = 0;
};

}  // namespace sluice
