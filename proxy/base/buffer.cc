// SPDX-License-Identifier: MIT
#include "proxy/base/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "proxy/base/check.h"

namespace sluice {

namespace {

std::string_view bytes_of(Block* block) {
  return {block->data() + block->begin, block->end - block->begin};
}

void put(Block* block, std::string_view bytes) {
  std::memcpy(block->data() + block->end, bytes.data(), bytes.size());
  block->end += bytes.size();
}

}  // namespace

BlockPool::~BlockPool() {
  while (spares_ != nullptr) {
    Block* block = spares_;
    spares_ = block->next;
    std::free(block);
  }
}

Block* BlockPool::take(std::size_t bytes) {
  std::size_t capacity = std::max(bytes, kBlockBytes);
  if (capacity == kBlockBytes && spares_ != nullptr) {
    Block* block = spares_;
    spares_ = block->next;
    --spare_count_;
    block->next = nullptr;
    return block;
  }
  void* memory = std::malloc(sizeof(Block) + capacity);
  CHECK(memory != nullptr);
  return new (memory) Block{.capacity = capacity};
}

void BlockPool::give_back(Block* block) {
  if (block->capacity != kBlockBytes || spare_count_ >= kSpareMax) {
    std::free(block);
    return;
  }
  block->begin = block->end = 0;
  block->next = spares_;
  spares_ = block;
  ++spare_count_;
}

void Buffer::push_back(Block* block) {
  (front_ == nullptr ? front_ : back_->next) = block;
  back_ = block;
}

void Buffer::pop_front() {
  Block* block = front_;
  front_ = block->next;
  pool_->give_back(block);
}

void Buffer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (front_ == nullptr || back_->end == back_->capacity) push_back(pool_->take(0));
    std::size_t count = std::min(bytes.size(), back_->capacity - back_->end);
    put(back_, bytes.substr(0, count));
    size_ += count;
    bytes.remove_prefix(count);
  }
}

char* Buffer::reserve(std::size_t bytes) {
  if (front_ == nullptr || back_->capacity - back_->end < bytes) push_back(pool_->take(bytes));
  return back_->data() + back_->end;
}

void Buffer::commit(std::size_t bytes) {
  CHECK(front_ != nullptr && bytes <= back_->capacity - back_->end);
  back_->end += bytes;
  size_ += bytes;
}

std::size_t Buffer::gather(std::span<iovec> pieces) const {
  std::size_t filled = 0;
  for (Block* block = front_; block != nullptr && filled < pieces.size(); block = block->next) {
    if (block->begin == block->end) continue;
    pieces[filled++] = {block->data() + block->begin, block->end - block->begin};
  }
  return filled;
}

std::string_view Buffer::piece_at(std::size_t offset) const {
  CHECK(offset <= size_);
  for (Block* block = front_; block != nullptr; block = block->next) {
    std::string_view bytes = bytes_of(block);
    if (offset < bytes.size()) return bytes.substr(offset);
    offset -= bytes.size();
  }
  return {};
}

void Buffer::consume(std::size_t bytes) {
  CHECK(bytes <= size_);
  size_ -= bytes;
  while (front_ != nullptr) {
    std::size_t count = std::min(bytes, front_->end - front_->begin);
    front_->begin += count;
    bytes -= count;
    if (front_->begin < front_->end) return;
    pop_front();
  }
}

std::string_view Buffer::flatten() {
  if (size_ == 0) return {};
  if (front_->next != nullptr) {
    Block* whole = pool_->take(size_);
    while (front_ != nullptr) {
      put(whole, bytes_of(front_));
      pop_front();
    }
    push_back(whole);
  }
  return bytes_of(front_);
}

void Buffer::clear() {
  while (front_ != nullptr) pop_front();
  size_ = 0;
}

}  // namespace sluice
