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

}  // namespace

// ":80" beside our own "127.0.0.1:80" is allowed, and would look taken to a probe.
bool Listeners::shares_own_port(const net::Address& address) const {
  return std::any_of(bound_.begin(), bound_.end(), [&address](const auto& own) {
    return !address.is_unix() && !own.second.is_unix() && own.second.port() == address.port();
  });
}

Result<Listeners::Plan> Listeners::plan(const conf::Config& config) const {
  Plan plan;
  std::uint32_t next_number = next_number_;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    std::string key = key_of(config, i);
    auto known = by_key_.find(key);
    if (known != by_key_.end()) {
      plan.bound.emplace(known->second, bound_.at(known->second));
      plan.numbers.push_back(known->second);
      plan.by_key.emplace(std::move(key), known->second);
      continue;
    }
    std::optional<net::Address> address = net::Address::parse(config.listeners[i].address);
    if (!address) return Error{config.listeners[i].address, "not an address to listen on"};
    if (!shares_own_port(*address) && net::is_listened_on(*address)) {
      return Error{address->text(), "another process listens there already"};
    }
    auto sockets = net::open_listeners(*address, workers_);
    if (!sockets) return sockets.error();
    plan.bound.emplace(next_number, net::Address::local_of(sockets->front().get()));
    plan.opened.emplace(next_number, std::move(*sockets));
    plan.numbers.push_back(next_number);
    plan.by_key.emplace(std::move(key), next_number++);
  }
  for (const auto& [key, number] : by_key_) {
    if (!plan.by_key.contains(key)) plan.removed.push_back(number);
  }
  return plan;
}

void Listeners::commit(Plan plan) {
  for (std::uint32_t number : plan.removed) unlink_socket(bound_.at(number));
  next_number_ += static_cast<std::uint32_t>(plan.opened.size());
  numbers_ = std::move(plan.numbers);
  by_key_ = std::move(plan.by_key);
  bound_ = std::move(plan.bound);
}

void Listeners::unlink_sockets() const {
  for (const auto& [number, address] : bound_) unlink_socket(address);
}

}  // namespace sluice::server
