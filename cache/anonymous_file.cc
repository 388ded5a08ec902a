// SPDX-License-Identifier: MIT
#include "cache/anonymous_file.h"

#include <sys/mman.h>
#include <unistd.h>

namespace sluice::cache {

AnonymousFile AnonymousFile::create(std::size_t size, std::shared_ptr<FileBudget> budget) {
  AnonymousFile file;
  if (!budget->take()) return file;
  file.budget_ = std::move(budget);
  file.descriptor_ = memfd_create("sluice-cache", MFD_CLOEXEC);
  if (file.descriptor_ < 0) return file;
  if (ftruncate(file.descriptor_, static_cast<off_t>(size)) != 0) return file;
  void* const bytes = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor_, 0);
  if (bytes == MAP_FAILED) return file;
  file.bytes_ = static_cast<char*>(bytes);
  file.size_ = size;
  return file;
}

AnonymousFile::~AnonymousFile() {
  if (bytes_ != nullptr) munmap(bytes_, size_);
  if (descriptor_ >= 0) ::close(descriptor_);
  if (budget_ != nullptr) budget_->give_back();
}

}  // namespace sluice::cache
