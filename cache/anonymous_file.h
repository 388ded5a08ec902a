// SPDX-License-Identifier: MIT
// AnonymousFile: memory that is also a file without a name (memfd_create(2)), so that the kernel
// can send its pages as they lie instead of copying them (sendfile(2)). Its pages come as they are
// first written. Once the file is closed, pages that are still on their way live until they have
// been sent. Move-only; the owner alone writes.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace sluice::cache {

// How many files there may be, as each is a descriptor. Any thread.
class FileBudget {
 public:
  explicit FileBudget(int most) : left_(most) {}
  bool take() {
    if (left_.fetch_sub(1, std::memory_order_relaxed) > 0) return true;
    give_back();
    return false;
  }
  void give_back() { left_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<int> left_;
};

class AnonymousFile {
 public:
  AnonymousFile() = default;
  // None where the budget, or the system, has no more. REQUIRES: size > 0.
  static AnonymousFile create(std::size_t size, std::shared_ptr<FileBudget> budget);
  AnonymousFile(AnonymousFile&& other) noexcept { swap(other); }
  AnonymousFile& operator=(AnonymousFile&& other) noexcept {
    AnonymousFile taken(std::move(other));
    swap(taken);
    return *this;
  }
  AnonymousFile(const AnonymousFile&) = delete;
  AnonymousFile& operator=(const AnonymousFile&) = delete;
  ~AnonymousFile();

  explicit operator bool() const { return bytes_ != nullptr; }
  char* bytes() const { return bytes_; }
  int descriptor() const { return descriptor_; }

 private:
  void swap(AnonymousFile& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    std::swap(descriptor_, other.descriptor_);
  }

  std::shared_ptr<FileBudget> budget_;
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
  int descriptor_ = -1;
};

}  // namespace sluice::cache
