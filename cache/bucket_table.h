// SPDX-License-Identifier: MIT
// BucketTable: a hash table of chained elements that grows one bucket at a time (linear hashing),
// so that no single insertion pays for moving all the others while a lock is held.
//
// The elements carry their link (chain_next_) and their hash (hash_); the table owns neither. Only
// the low bits of a hash are used. A split moves elements only to the bucket it adds, the last one:
// who walks the buckets upwards in several steps misses none that stayed in the table. Buckets are
// never given back: they take 8 bytes for each element of the time when there were most.
//
// Threading: whoever owns it locks.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::cache {

template <typename T>
class BucketTable {
 public:
  BucketTable() { add_segment(); }
  BucketTable(const BucketTable&) = delete;
  BucketTable& operator=(const BucketTable&) = delete;

  std::size_t size() const { return size_; }
  std::size_t buckets() const { return buckets_; }
  // The first element of a chain, whose others follow by next().
  T* bucket(std::size_t index) const { return slot(index); }
  T* chain(std::uint64_t hash) const { return slot(index_of(hash)); }
  static T* next(const T& element) { return element.chain_next_; }

  // REQUIRES: it is in no table.
  void insert(T& element) {
    if (++size_ > buckets_) split();
    T*& first = slot(index_of(element.hash_));
    element.chain_next_ = first;
    first = &element;
  }

  // REQUIRES: it is in this table.
  void erase(T& element) {
    T** at = &slot(index_of(element.hash_));
    while (*at != &element) at = &(*at)->chain_next_;
    *at = element.chain_next_;
    element.chain_next_ = nullptr;
    --size_;
  }

 private:
  static constexpr std::size_t kSegment = 512;
  using Segment = std::array<T*, kSegment>;

  T*& slot(std::size_t index) const { return (*segments_[index / kSegment])[index % kSegment]; }

  std::size_t index_of(std::uint64_t hash) const {
    const std::size_t base = std::bit_floor(buckets_);
    const std::size_t index = hash & (2 * base - 1);
    return index < buckets_ ? index : index & (base - 1);
  }

  void add_segment() { segments_.push_back(std::make_unique<Segment>()); }

  // Adds a bucket and gives it those elements of its elder brother's that now belong there, both in
  // the order they were in.
  void split() {
    const std::size_t added = buckets_;
    const std::size_t elder = added - std::bit_floor(added);
    if (added % kSegment == 0 && added / kSegment == segments_.size()) add_segment();
    ++buckets_;
    T* rest = slot(elder);
    T** kept = &slot(elder);
    T** moved = &slot(added);
    for (; rest != nullptr; rest = rest->chain_next_) {
      T**& tail = index_of(rest->hash_) == added ? moved : kept;
      *tail = rest;
      tail = &rest->chain_next_;
    }
    *kept = *moved = nullptr;
  }

  std::vector<std::unique_ptr<Segment>> segments_;
  std::size_t buckets_ = kSegment;
  std::size_t size_ = 0;
};

}  // namespace sluice::cache
