// SPDX-License-Identifier: MIT
// CodedBodies: what a responder that answers from memory or a file offers to a filter that would
// code the body: what was coded once is kept, and sent to the next one as it is. Filled by
// handlers/coded_copy; the filter must be done with it when the exchange ends. Single-threaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::exchange {

class CodedBodies {
 public:
  // Called in on_head(). The size of the body in that content coding, which the responder sends
  // instead; none where it is not kept.
  virtual std::optional<std::uint64_t> use(std::string_view coding) = 0;
  // After use() gave none: the body as it was coded, piece by piece, and its end.
  virtual void keep(std::string_view bytes) = 0;
  virtual void keep_end() = 0;

 protected:
  ~CodedBodies() = default;
};

}  // namespace sluice::exchange
