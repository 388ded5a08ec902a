// SPDX-License-Identifier: MIT
// IpCounts: how much of something each client has at this moment: connections, requests in flight.
// A client is here only while he has any, so there is never more in it than is open.
//
// Owned by the Server and outlives every Snapshot; thread-safe, by many short locks. Allocates only
// while it grows beyond what it has ever held. Tickets are given back before it dies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "proxy/base/ip.h"

namespace sluice::access {

class IpCounts {
 public:
  // The right to one of them; gives it back when it goes. Move-only.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept
        : counts_(std::exchange(other.counts_, nullptr)), client_(other.client_) {}
    Ticket& operator=(Ticket&& other) noexcept;
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() { give_back(); }

    explicit operator bool() const { return counts_ != nullptr; }

   private:
    friend class IpCounts;
    Ticket(IpCounts& counts, const IpAddress& client) : counts_(&counts), client_(client) {}
    void give_back();

    IpCounts* counts_ = nullptr;
    IpAddress client_;
  };

  // `seed`: nobody outside knows it, so nobody can choose addresses that meet.
  explicit IpCounts(std::uint64_t seed) : seed_(seed) {}
  IpCounts(const IpCounts&) = delete;
  IpCounts& operator=(const IpCounts&) = delete;

  // No ticket where the client has `most` already.
  Ticket take(const IpAddress& client, std::uint32_t most);

  // Clients that have any.
  std::size_t clients() const;

 private:
  static constexpr std::size_t kShards = 64;

  struct Slot {
    IpAddress client;
    std::uint32_t count = 0;  // 0: free
  };
  // Open addressing with linear probing; at most half of the slots are in use.
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::vector<Slot> slots;
    std::size_t used = 0;
  };

  std::uint64_t hash(const IpAddress& client) const;
  Shard& shard_of(std::uint64_t hash) { return shards_[hash % kShards]; }
  std::size_t find(const Shard& shard, std::uint64_t hash, const IpAddress& client) const;
  void grow(Shard& shard) const;
  void erase(Shard& shard, std::size_t at) const;
  void give_back(const IpAddress& client);

  const std::uint64_t seed_;
  std::array<Shard, kShards> shards_;
};

}  // namespace sluice::access
