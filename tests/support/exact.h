// SPDX-License-Identifier: MIT
// Bytes whose end is the end of their allocation, so that ASan sees any byte read behind them.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace sluice::support {

class Exact {
 public:
  explicit Exact(std::string_view bytes) : bytes_(new char[bytes.size()]), size_(bytes.size()) {
    bytes.copy(bytes_.get(), size_);
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

}  // namespace sluice::support
