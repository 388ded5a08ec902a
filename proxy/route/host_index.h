// SPDX-License-Identifier: MIT
// HostIndex: from a request's host to the numbers of the host patterns that cover it, the most
// specific first: the name itself, then the wildcards from the longest to the shortest, then any.
//
// An open-addressing hash table of lower-cased names, wildcards under their suffix (".example").
// One pass from the last byte to the first yields the hash of the name and of all its suffixes.
// Its keys are the operator's, so a stranger cannot make chains grow.
//
// Threading: immutable once filled; lookups allocate nothing and may run on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/route/pattern.h"

namespace sluice::route {

class HostIndex {
 public:
  // The i-th pattern gets number i. REQUIRES: no two are equal.
  explicit HostIndex(const std::vector<HostPattern>& patterns);
  HostIndex() : HostIndex(std::vector<HostPattern>()) {}

  // Calls take(number) for each pattern that covers `host`, the most specific first, until it
  // answers true. `host` has no port, and may be of any case, closed by a dot, empty or nonsense.
  template <typename Take>
  void visit(std::string_view host, const Take& take) const {
    Probe probe;
    prepare(host, probe);
    for (std::size_t i = probe.count; i > 0; --i) {
      const std::optional<std::uint32_t> number = lookup(probe, probe.suffixes[i - 1]);
      if (number && take(*number)) return;
    }
    if (any_) take(*any_);
  }

 private:
  static constexpr std::size_t kHostBytesMax = 255;  // longer ones are names of nobody
  static constexpr std::size_t kLabelsMax = 128;     // so of 255 bytes

  struct Suffix {
    std::uint32_t hash;
    std::uint32_t start;  // in Probe::name
  };
  // A host made ready, on the stack: only what count and length cover is ever written or read.
  struct Probe {
    Probe() {}  // NOLINT(modernize-use-equals-default): leaves the arrays as they are
    std::size_t count = 0;
    std::size_t length = 0;
    Suffix suffixes[kLabelsMax];  // the shortest first, the whole name last
    char name[kHostBytesMax];
  };
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t name_start = 0;   // in names_
    std::uint32_t name_length = 0;  // 0: the slot is free
    std::uint32_t number = 0;
  };

  void prepare(std::string_view host, Probe& probe) const;
  std::optional<std::uint32_t> lookup(const Probe& probe, Suffix suffix) const;
  void insert(const std::string& name, std::uint32_t number);

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::string names_;
  std::size_t longest_suffix_ = 0;  // of the wildcards, in bytes; 0: there are none
  std::optional<std::uint32_t> any_;
};

}  // namespace sluice::route
