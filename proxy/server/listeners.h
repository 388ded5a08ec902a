// SPDX-License-Identifier: MIT
// Listeners: which addresses this process listens on, over all reloads. A listener keeps its number
// and its sockets as long as its address stays in the configuration, so that a reload never closes
// a socket that has connections in its queue. Control thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/result.h"
#include "proxy/base/fd.h"
#include "proxy/net/address.h"

namespace sluice::server {

class Listeners {
 public:
  explicit Listeners(std::size_t workers) : workers_(workers) {}

  // What a new configuration changes. Nothing has happened until commit().
  struct Plan {
    std::vector<std::uint32_t> numbers;               // of config.listeners, in order
    std::optional<std::uint32_t> admin;               // of config.admin
    std::map<std::uint32_t, std::vector<Fd>> opened;  // a socket for each worker
    std::vector<std::uint32_t> removed;
    std::map<std::string, std::uint32_t> by_key;  // of those that are then open
    std::map<std::uint32_t, net::Address> bound;
  };
  // Opens what is new. On an error nothing stays open that was not before.
  Result<Plan> plan(const conf::Config& config) const;
  // Of a plan that will not be committed: removes what its Unix listeners left in the file system.
  static void discard(const Plan& plan);

  // REQUIRES: made by plan() since the last commit(). The caller has taken `opened` for the
  // workers.
  void commit(Plan plan);

  // Removes what Unix listeners leave in the file system: those of clients when they close for
  // good, as their paths may then be those of the process that comes next, and the rest at the end.
  void unlink_clients();
  void unlink_all();

  // Numbers in use are below this.
  std::size_t number_count() const { return next_number_; }
  std::size_t number_count(const Plan& plan) const { return next_number_ + plan.opened.size(); }

  // The number and the bound address of each listener of a configuration, in its order.
  const net::Address& bound(std::uint32_t number) const { return bound_.at(number); }
  const std::vector<std::uint32_t>& numbers() const { return numbers_; }
  // Of the admin listener, if there is one.
  const std::optional<std::uint32_t>& admin() const { return admin_; }

 private:
  // An address of a configuration; the key tells it from the others over reloads.
  struct Wanted {
    std::string key;
    const std::string& address;
  };
  static std::vector<Wanted> wanted_by(const conf::Config& config);
  // Into `plan`, as the listener with this number.
  std::optional<Error> open(const std::string& address, std::uint32_t number, Plan& plan) const;
  void unlink_once(std::uint32_t number);

  std::size_t workers_;
  std::uint32_t next_number_ = 0;
  std::vector<std::uint32_t> numbers_;
  std::optional<std::uint32_t> admin_;
  std::map<std::string, std::uint32_t> by_key_;
  std::map<std::uint32_t, net::Address> bound_;
  std::set<std::uint32_t> unlinked_;
};

}  // namespace sluice::server
