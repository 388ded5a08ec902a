// SPDX-License-Identifier: MIT
#include "proxy/server/listeners.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "proxy/net/listener.h"

namespace sluice::server {

namespace {

// Port 0 stands for a port of the kernel's choice, so such an address may stand there more than
// once: they are told apart by their order.
std::string key_of(const conf::Config& config, std::size_t index) {
  const std::string& address = config.listeners[index].address;
  std::size_t ordinal = 0;
  for (std::size_t i = 0; i < index; ++i) ordinal += config.listeners[i].address == address;
  return address + "#" + std::to_string(ordinal);
}

void unlink_socket(const net::Address& address) {
  if (address.is_unix()) ::unlink(std::string(address.path()).c_str());
}

// Whether one of them could be bound while the other one is only if both share the port.
bool overlap(const net::Address& a, const net::Address& b) {
  if (a.is_unix() || b.is_unix() || a.port() != b.port()) return false;
  return a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
}

// ":80" beside our own "127.0.0.1:80" is allowed, and would look taken to a probe.
bool is_among(const std::map<std::uint32_t, net::Address>& own, const net::Address& address) {
  return std::ranges::any_of(own,
                             [&](const auto& entry) { return overlap(entry.second, address); });
}

}  // namespace

// The admin listener comes last and has a key of its own: a number, once given, is never that of
// clients' listeners and of the operator's.
std::vector<Listeners::Wanted> Listeners::wanted_by(const conf::Config& config) {
  std::vector<Wanted> wanted;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    wanted.push_back({key_of(config, i), config.listeners[i].address});
  }
  if (config.admin) wanted.push_back({"admin " + config.admin->address, config.admin->address});
  return wanted;
}

std::optional<Error> Listeners::open(const std::string& text, std::uint32_t number,
                                     Plan& plan) const {
  std::optional<net::Address> address = net::Address::parse(text);
  if (!address) return Error{text, "not an address to listen on"};
  const bool own = is_among(bound_, *address) || is_among(plan.bound, *address);
  if (!own && net::is_listened_on(*address)) {
    return Error{address->text(), "another process listens there already"};
  }
  auto sockets = net::open_listeners(*address, workers_);
  if (!sockets) return sockets.error();
  plan.bound.emplace(number, net::Address::local_of(sockets->front().get()));
  plan.opened.emplace(number, std::move(*sockets));
  return {};
}

Result<Listeners::Plan> Listeners::plan(const conf::Config& config) const {
  Plan plan;
  std::uint32_t next_number = next_number_;
  for (Wanted& wanted : wanted_by(config)) {
    const auto known = by_key_.find(wanted.key);
    const std::uint32_t number = known != by_key_.end() ? known->second : next_number++;
    if (known != by_key_.end()) {
      plan.bound.emplace(number, bound_.at(number));
    } else if (auto error = open(wanted.address, number, plan)) {
      discard(plan);
      return *error;
    }
    plan.numbers.push_back(number);
    plan.by_key.emplace(std::move(wanted.key), number);
  }
  if (config.admin) {
    plan.admin = plan.numbers.back();
    plan.numbers.pop_back();
  }
  for (const auto& [key, number] : by_key_) {
    if (!plan.by_key.contains(key)) plan.removed.push_back(number);
  }
  return plan;
}

void Listeners::discard(const Plan& plan) {
  for (const auto& [number, sockets] : plan.opened) unlink_socket(plan.bound.at(number));
}

void Listeners::commit(Plan plan) {
  for (std::uint32_t number : plan.removed) unlink_socket(bound_.at(number));
  next_number_ += static_cast<std::uint32_t>(plan.opened.size());
  numbers_ = std::move(plan.numbers);
  admin_ = plan.admin;
  by_key_ = std::move(plan.by_key);
  bound_ = std::move(plan.bound);
}

void Listeners::unlink_once(std::uint32_t number) {
  if (unlinked_.insert(number).second) unlink_socket(bound_.at(number));
}

void Listeners::unlink_clients() {
  for (std::uint32_t number : numbers_) unlink_once(number);
}

void Listeners::unlink_all() {
  for (const auto& [number, address] : bound_) unlink_once(number);
}

}  // namespace sluice::server
