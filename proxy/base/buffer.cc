// SPDX-License-Identifier: MIT
#include "proxy/base/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "proxy/base/check.h"

namespace sluice {

BlockPool::~BlockPool() {
  for (Block* block : spares_) std::free(block);
}

Block* BlockPool::take(std::size_t bytes) {
  std::size_t capacity = std::max(bytes, kBlockBytes);
  if (capacity == kBlockBytes && !spares_.empty()) {
    Block* block = spares_.back();
    spares_.pop_back();
    return block;
  }
  void* memory = std::malloc(sizeof(Block) + capacity);
  CHECK(memory != nullptr);
  return new (memory) Block{.capacity = capacity};
}

void BlockPool::give_back(Block* block) {
  if (block->capacity != kBlockBytes || spares_.size() >= kSpareMax) {
    std::free(block);
    return;
  }
  block->begin = block->end = 0;
  spares_.push_back(block);
}

void Buffer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (first_ == blocks_.size() || blocks_.back()->end == blocks_.back()->capacity) {
      blocks_.push_back(pool_->take(0));
    }
    Block* block = blocks_.back();
    std::size_t count = std::min(bytes.size(), block->capacity - block->end);
    std::memcpy(block->data() + block->end, bytes.data(), count);
    block->end += count;
    size_ += count;
    bytes.remove_prefix(count);
  }
}

char* Buffer::reserve(std::size_t bytes) {
  if (first_ == blocks_.size() || blocks_.back()->capacity - blocks_.back()->end < bytes) {
    blocks_.push_back(pool_->take(bytes));
  }
  return blocks_.back()->data() + blocks_.back()->end;
}

void Buffer::commit(std::size_t bytes) {
  Block* block = blocks_.back();
  CHECK(bytes <= block->capacity - block->end);
  block->end += bytes;
  size_ += bytes;
}

std::size_t Buffer::gather(std::span<iovec> pieces) const {
  std::size_t filled = 0;
  for (std::size_t i = first_; i < blocks_.size() && filled < pieces.size(); ++i) {
    Block* block = blocks_[i];
    if (block->begin == block->end) continue;
    pieces[filled++] = {block->data() + block->begin, block->end - block->begin};
  }
  return filled;
}

void Buffer::consume(std::size_t bytes) {
  CHECK(bytes <= size_);
  size_ -= bytes;
  while (first_ < blocks_.size()) {
    Block* block = blocks_[first_];
    std::size_t count = std::min(bytes, block->end - block->begin);
    block->begin += count;
    bytes -= count;
    if (block->begin < block->end) break;
    pool_->give_back(block);
    ++first_;
  }
  drop_consumed();
}

void Buffer::drop_consumed() {
  if (first_ == blocks_.size()) {
    blocks_.clear();
    first_ = 0;
  } else if (first_ >= kConsumedMax) {
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

std::string_view Buffer::flatten() {
  if (size_ == 0) return {};
  if (blocks_.size() - first_ > 1) {
    Block* whole = pool_->take(size_);
    for (std::size_t i = first_; i < blocks_.size(); ++i) {
      Block* block = blocks_[i];
      std::memcpy(whole->data() + whole->end, block->data() + block->begin,
                  block->end - block->begin);
      whole->end += block->end - block->begin;
      pool_->give_back(block);
    }
    blocks_.assign(1, whole);
    first_ = 0;
  }
  Block* block = blocks_[first_];
  return {block->data() + block->begin, block->end - block->begin};
}

void Buffer::clear() {
  for (std::size_t i = first_; i < blocks_.size(); ++i) pool_->give_back(blocks_[i]);
  blocks_.clear();
  first_ = 0;
  size_ = 0;
}

}  // namespace sluice
