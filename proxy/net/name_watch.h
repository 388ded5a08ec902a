// SPDX-License-Identifier: MIT
// NameWatch: keeps the addresses of a set of names ("app.example:8080") up to date.
//
// A name is asked for at once, then again whenever its TTL has run out. One that fails keeps the
// addresses it last had, so a failed lookup never empties a pool, and is tried again after 1 s,
// doubling to 30 s; one that never resolved has none, which is no reason not to start.
//
// Belongs to the loop and thread of its Resolver, which it borrows as it does its Owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/net/address.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/resolver.h"

namespace sluice::net {

struct RetryDelays {
  std::chrono::milliseconds first{1000};
  std::chrono::milliseconds longest{30'000};

  // Before the try that follows so many failures in a row. REQUIRES: failures > 0.
  std::chrono::milliseconds after(unsigned failures) const;
};

class NameWatch {
 public:
  // Told from the loop, never from within set_names(), which may be called in turn.
  class Owner {
   public:
    // The name has other addresses than before: sorted, without duplicates, never none.
    virtual void on_changed(std::string_view name, std::span<const Address> addresses) = 0;
    // The name does not resolve any more, or for another reason than before; `error` is a sentence.
    // What it had stays valid.
    virtual void on_failed(std::string_view name, std::string_view error) = 0;

   protected:
    ~Owner() = default;
  };

  NameWatch(EventLoop& loop, Resolver& resolver, Owner* owner, RetryDelays delays = {});
  NameWatch(const NameWatch&) = delete;
  NameWatch& operator=(const NameWatch&) = delete;
  ~NameWatch();

  // From now on these, "host:port" each. Those watched already go on undisturbed; the others are
  // forgotten, and nothing more is told of them.
  void set_names(std::span<const std::string> names);

  // What is known now; none when the name never resolved or is not watched. Valid until the next
  // turn of the loop or set_names().
  std::span<const Address> addresses(std::string_view name) const;

  // Why the last lookup failed; empty when it did not, or none has ended yet.
  std::string_view error(std::string_view name) const;

 private:
  class Entry;

  EventLoop& loop_;
  Resolver& resolver_;
  Owner* owner_;
  const RetryDelays delays_;
  std::map<std::string, std::unique_ptr<Entry>, std::less<>> entries_;
};

}  // namespace sluice::net
