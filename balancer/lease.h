// SPDX-License-Identifier: MIT
// Lease: one request in flight on one Backend, counted while the Lease lives.
//
// Move-only; the responder that forwards the request owns it. The Backend is borrowed from the Pool
// it was chosen from, so the request keeps the Pool's Snapshot alive longer than its Lease.
// Threading: a Lease belongs to one thread at a time; it may die on another than it was born on.
#pragma once

#include <utility>

#include "balancer/backend.h"

namespace sluice::balancer {

class Lease {
 public:
  Lease() = default;
  explicit Lease(Backend& backend) noexcept : backend_(&backend) {
    backend.shared_.in_flight.fetch_add(1, std::memory_order_relaxed);
    backend.shared_.requests.fetch_add(1, std::memory_order_relaxed);
  }
  Lease(Lease&& other) noexcept : backend_(std::exchange(other.backend_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      release();
      backend_ = std::exchange(other.backend_, nullptr);
    }
    return *this;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { release(); }

  explicit operator bool() const noexcept { return backend_ != nullptr; }

  // REQUIRES: *this holds a Backend.
  Backend& backend() const noexcept { return *backend_; }

  // Ends it early: the request is over although its owner lives on. May be called twice.
  void release() noexcept {
    if (backend_ == nullptr) return;
    backend_->shared_.in_flight.fetch_sub(1, std::memory_order_relaxed);
    backend_ = nullptr;
  }

 private:
  Backend* backend_ = nullptr;
};

}  // namespace sluice::balancer
