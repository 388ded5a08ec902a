// SPDX-License-Identifier: MIT
// NameWatch: keeps the addresses of a set of hosts ("app.example") up to date.
//
// A host is asked for at once, then again whenever its TTL has run out. A lookup that fails keeps
// the addresses that the host last had, of the one family (IPv4, IPv6) that could not be asked for
// or of both, and one that finds none at all keeps them too: it never empties a pool. It is tried
// again after 1 s, doubling to 30 s. A host that never resolved has none, which is no reason not to
// start.
//
// Belongs to the loop and thread of its Resolver.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/ip.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/resolver.h"

namespace sluice::net {

struct RetryDelays {
  std::chrono::milliseconds first{1000};
  std::chrono::milliseconds longest{30'000};

  // Before the try that follows so many failures in a row. REQUIRES: failures > 0.
  std::chrono::milliseconds after(unsigned failures) const;
};

// Of each host that has any: sorted, without duplicates, never none.
using HostAddresses = std::map<std::string, std::vector<IpAddress>, std::less<>>;

class NameWatch {
 public:
  // Told from the loop, never from within the constructor. Must not destroy the watch from within.
  class Owner {
   public:
    // The host has other addresses than before.
    virtual void on_changed(std::string_view host, std::span<const IpAddress> addresses) = 0;
    // A lookup failed, for another reason than the last time; `error` is a sentence. `has_last`:
    // there are addresses that stay.
    virtual void on_failed(std::string_view host, std::string_view error, bool has_last) = 0;

   protected:
    ~Owner() = default;
  };

  // Of `last`, what is there of these hosts counts as their last addresses. The resolver may be
  // null if there is no host.
  NameWatch(EventLoop& loop, std::unique_ptr<Resolver> resolver, std::span<const std::string> hosts,
            const HostAddresses& last, Owner* owner, RetryDelays delays = {});
  NameWatch(const NameWatch&) = delete;
  NameWatch& operator=(const NameWatch&) = delete;
  ~NameWatch();

  // What is known now.
  HostAddresses addresses() const;

  // Each host has addresses, or a lookup of it has failed.
  bool settled() const;

 private:
  class Entry;

  EventLoop& loop_;
  const std::unique_ptr<Resolver> resolver_;
  Owner* const owner_;  // borrowed
  const RetryDelays delays_;
  std::vector<std::unique_ptr<Entry>> entries_;  // one a host
};

}  // namespace sluice::net
