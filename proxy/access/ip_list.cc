// SPDX-License-Identifier: MIT
#include "proxy/access/ip_list.h"

#include <endian.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>

namespace sluice::access {
namespace {

std::uint64_t load64(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return be64toh(word);
}

// The address as a number of its own family.
template <typename Number>
Number number_of(const IpAddress& address) {
  const std::uint8_t* bytes = address.bytes.data();
  const Uint128 whole = Uint128{load64(bytes)} << 64 | load64(bytes + 8);
  return static_cast<Number>(whole);  // of a mapped address, the last 32 bits
}

// A block on its way into the ranges.
template <typename Number>
struct Span {
  Number first = 0;
  std::uint32_t entry = 0;
  std::uint16_t source = 0;
  std::uint8_t bits = 0;  // as in Cidr
  Listed verdict = Listed::None;

  Number last() const {
    constexpr unsigned kSkipped = 128 - 8 * sizeof(Number);
    const Number all = static_cast<Number>(~Number{0});
    const unsigned kept = bits - kSkipped;
    return kept == 8 * sizeof(Number) ? first : static_cast<Number>(first | all >> kept);
  }
  bool same_block(const Span& other) const { return first == other.first && bits == other.bits; }
  // What holds others comes before them.
  bool operator<(const Span& other) const {
    return std::tie(first, bits, source, entry) <
           std::tie(other.first, other.bits, other.source, other.entry);
  }
};

template <typename Number>
std::vector<Span<Number>> spans_of(std::span<const ListSource> sources, IpFamily family) {
  std::vector<Span<Number>> spans;
  for (std::size_t s = 0; s < sources.size(); ++s) {
    const std::vector<ListEntry>& entries = sources[s].entries;
    for (std::size_t e = 0; e < entries.size(); ++e) {
      if (entries[e].block.base.family != family) continue;
      spans.push_back({number_of<Number>(entries[e].block.base), static_cast<std::uint32_t>(e),
                       static_cast<std::uint16_t>(s), entries[e].block.bits, sources[s].verdict});
    }
  }
  std::sort(spans.begin(), spans.end());
  return spans;
}

Error contradiction(std::span<const ListSource> sources, std::size_t first_source,
                    std::size_t first_entry, std::size_t source, std::size_t entry) {
  const auto word = [](const ListSource& of) {
    return of.verdict == Listed::Allow ? "allowed" : "denied";
  };
  const ListSource& first = sources[first_source];
  const ListSource& second = sources[source];
  return {second.place(second.entries[entry]),
          fmt::format("{} is {} here, but {} by {}", second.entries[entry].block.to_string(),
                      word(second), word(first), first.place(first.entries[first_entry]))};
}

// Leaves each block once, unless it has two verdicts.
template <typename Number>
std::optional<Error> unite(std::span<const ListSource> sources, std::vector<Span<Number>>& spans) {
  std::size_t kept = 0;
  for (const Span<Number>& span : spans) {
    if (kept == 0 || !spans[kept - 1].same_block(span)) {
      spans[kept++] = span;
      continue;
    }
    const Span<Number>& first = spans[kept - 1];
    if (first.verdict == span.verdict) continue;
    return contradiction(sources, first.source, first.entry, span.source, span.entry);
  }
  spans.resize(kept);
  return std::nullopt;
}

// Walks over the sorted blocks with those that hold the present place on a stack, the narrowest on
// top: a range begins where a block begins, and behind the end of one.
template <typename Number>
class Sweep {
 public:
  RangeMap<Number> flatten(const std::vector<Span<Number>>& spans) {
    starts_.reserve(2 * spans.size() + 1);
    verdicts_.reserve(2 * spans.size() + 1);
    begin_range(0, Listed::None);
    for (const Span<Number>& span : spans) {
      while (!open_.empty() && open_.back().last() < span.first) end_block();
      open_.push_back(span);
      begin_range(span.first, span.verdict);
    }
    while (!open_.empty()) end_block();
    return RangeMap<Number>(std::move(starts_), verdicts_);
  }

 private:
  void end_block() {
    const Number last = open_.back().last();
    open_.pop_back();
    if (last == static_cast<Number>(~Number{0})) return;
    begin_range(static_cast<Number>(last + 1), open_.empty() ? Listed::None : open_.back().verdict);
  }

  void begin_range(Number start, Listed verdict) {
    if (!starts_.empty() && starts_.back() == start) {
      starts_.pop_back();
      verdicts_.pop_back();
    }
    if (!starts_.empty() && verdicts_.back() == verdict) return;
    starts_.push_back(start);
    verdicts_.push_back(verdict);
  }

  std::vector<Span<Number>> open_;
  std::vector<Number> starts_;
  std::vector<Listed> verdicts_;
};

}  // namespace

std::string ListSource::place(const ListEntry& entry) const {
  return is_file ? fmt::format("{}:{}", name, entry.at) : fmt::format("{}[{}]", name, entry.at);
}

IpList::IpList() : v4_({0}, {Listed::None}), v6_({0}, {Listed::None}) {}

Result<IpList> IpList::build(std::span<const ListSource> sources) {
  auto v4 = spans_of<std::uint32_t>(sources, IpFamily::V4);
  auto v6 = spans_of<Uint128>(sources, IpFamily::V6);
  if (std::optional<Error> error = unite(sources, v4)) return *error;
  if (std::optional<Error> error = unite(sources, v6)) return *error;
  IpList list;
  list.size_ = v4.size() + v6.size();
  list.v4_ = Sweep<std::uint32_t>().flatten(v4);
  list.v6_ = Sweep<Uint128>().flatten(v6);
  return list;
}

Listed IpList::find(const IpAddress& address) const {
  if (address.is_v4()) return v4_.find(number_of<std::uint32_t>(address));
  if (address.is_v6()) return v6_.find(number_of<Uint128>(address));
  return Listed::None;
}

}  // namespace sluice::access
