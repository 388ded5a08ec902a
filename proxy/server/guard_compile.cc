// SPDX-License-Identifier: MIT
#include "proxy/server/guard_compile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <utility>

#include "proxy/access/checks.h"
#include "proxy/server/guard_rules.h"

namespace sluice::server {

namespace {

class GuardCompiler {
 public:
  GuardCompiler(const CompileInput& input, Snapshot& snapshot)
      : input_(input), snapshot_(snapshot), rules_(snapshot.guard) {}

  std::optional<Error> run() {
    if (auto error = compile_rules()) return error;
    const std::vector<const exchange::AccessCheck*> checks = checks_of_all();
    for (std::size_t i = 0; i < config().listeners.size(); ++i) {
      const std::uint32_t number = input_.listener_numbers[i];
      const auto requests_max = static_cast<std::uint32_t>(config().listeners[i].requests);
      exchange::ListenerRules& rules = snapshot_.rules.listeners[number];
      rules.checks = checks;
      if (requests_max > 0) {
        rules.bound = keep<access::ListenerCheck>(input_.guard, number, requests_max);
      }
    }
    for (std::size_t i = 0; i < config().routes.size(); ++i) {
      compile_route(i);
    }
    return std::nullopt;
  }

 private:
  const conf::Config& config() const { return snapshot_.config; }
  const conf::PerIp& per_ip() const { return config().limits.per_ip; }

  std::optional<Error> compile_rules() {
    if (auto error = compile_all_lists()) return error;
    rules_.guard = &input_.guard;
    rules_.trusted_proxies = snapshot_.rules.trusted_proxies;
    rules_.drops_denied = config().access.deny_with == conf::DenyWith::Drop;
    rules_.ipv4_bits = static_cast<unsigned>(per_ip().ipv4_prefix);
    rules_.ipv6_bits = static_cast<unsigned>(per_ip().ipv6_prefix);
    rules_.connections_max = static_cast<std::uint32_t>(per_ip().connections);
    limit_connections("connections", per_ip().connection_rate, rules_.connection_rate);
    rules_.listeners.resize(input_.listener_count);
    for (std::size_t i = 0; i < config().listeners.size(); ++i) {
      const conf::Listener& listener = config().listeners[i];
      access::ListenerBounds& bounds = rules_.listeners[input_.listener_numbers[i]];
      bounds.connections_max = static_cast<std::uint32_t>(listener.connections);
      limit_connections("listener " + listener.address, listener.connection_rate,
                        bounds.connection_rate);
    }
    if (config().jail) rules_.jail = jail_rules_of(*config().jail, per_ip());
    return std::nullopt;
  }

  std::optional<Error> compile_all_lists() {
    snapshot_.route_lists.resize(config().routes.size());
    if (input_.kept.lists != nullptr) {
      snapshot_.list_files = input_.kept.lists->list_files;
      snapshot_.route_lists = input_.kept.lists->route_lists;
      rules_.list = input_.kept.lists->guard.list;
      return std::nullopt;
    }
    auto list = compile_lists(config().access, "access", snapshot_.list_files);
    if (!list) return list.error();
    rules_.list = std::make_shared<const access::IpList>(std::move(*list));
    for (std::size_t i = 0; i < config().routes.size(); ++i) {
      auto own = compile_lists(config().routes[i].access, fmt::format("routes[{}].access", i),
                               snapshot_.list_files);
      if (!own) return own.error();
      if (own->size() == 0) continue;
      snapshot_.route_lists[i] = std::make_shared<const access::IpList>(std::move(*own));
    }
    return std::nullopt;
  }

  // All that a period brings may come at once: browsers open several.
  void limit_connections(std::string_view name, const conf::Rate& rate,
                         std::optional<access::RateLimit>& into) const {
    if (rate.events == 0) return;
    conf::RateLimit limit;
    limit.rate = rate;
    limit.burst = static_cast<int>(rate.events);
    into.emplace(name, rate_rule_of(limit, per_ip()), table());
  }

  // The cheapest first.
  std::vector<const exchange::AccessCheck*> checks_of_all() {
    std::vector<const exchange::AccessCheck*> checks;
    if (rules_.list->size() > 0) {
      checks.push_back(keep<access::ListCheck>(*rules_.list, rules_.drops_denied));
    }
    checks.push_back(keep<access::JailCheck>(rules_));
    if (per_ip().requests > 0) {
      checks.push_back(
          keep<access::AtOnceCheck>(rules_, static_cast<std::uint32_t>(per_ip().requests)));
    }
    if (per_ip().rate.events == 0) return checks;
    std::set<unsigned> costs;
    for (const conf::Route& route : config().routes) {
      costs.insert(static_cast<unsigned>(route.limits.cost));
    }
    checks.push_back(
        keep<access::RateCheck>(access::RateCheck::Options{.name = "requests",
                                                           .rule = rate_rule_of(per_ip(), per_ip()),
                                                           .fields = per_ip().fields},
                                costs, table()));
    return checks;
  }

  void compile_route(std::size_t index) {
    const conf::Route& from = config().routes[index];
    route::Route& route = *snapshot_.routes[index];
    route.cost = static_cast<unsigned>(from.limits.cost);
    route.bandwidth =
        from.limits.bandwidth != 0 ? from.limits.bandwidth : config().limits.bandwidth;
    if (const auto& list = snapshot_.route_lists[index]) {
      route.checks.push_back(keep<access::ListCheck>(*list));
    }
    if (from.limits.per_ip.rate.events == 0) return;
    route.checks.push_back(keep<access::RateCheck>(
        access::RateCheck::Options{.name = limit_name(from.match),
                                   .rule = rate_rule_of(from.limits.per_ip, per_ip()),
                                   .fields = false},
        std::set<unsigned>{route.cost}, table()));
  }

  // What tells a route from all others, and stays as long as it matches the same.
  static std::string limit_name(const conf::Match& match) {
    return fmt::format("route {} {} {}", match.hosts, match.paths, match.listeners);
  }

  template <typename Check, typename... Args>
  const Check* keep(Args&&... args) {
    auto check = std::make_unique<Check>(std::forward<Args>(args)...);
    const Check* const kept = check.get();
    snapshot_.checks.push_back(std::move(check));
    return kept;
  }

  access::IpTable& table() const { return *input_.guard.table; }

  const CompileInput& input_;
  Snapshot& snapshot_;
  access::GuardRules& rules_;
};

}  // namespace

std::optional<Error> compile_guard(const CompileInput& input, Snapshot& snapshot) {
  return GuardCompiler(input, snapshot).run();
}

}  // namespace sluice::server
