// SPDX-License-Identifier: MIT
// Snapshot: everything compiled from one Config: pools, handlers, filters, route tables, TLS
// contexts, limits, lists. Immutable; workers and exchanges hold it by shared_ptr and let it go
// when their last exchange under it has ended. What outlives it (backends' health and counters,
// ticket keys, the cache, clients' buckets and the jail) belongs to the Server and is only referred
// to (design: a reload changes rules, not memory).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "balancer/backend_registry.h"
#include "balancer/pool.h"
#include "cache/store.h"
#include "conf/config.h"
#include "conf/result.h"
#include "proxy/access/door.h"
#include "proxy/access/guard.h"
#include "proxy/client/acceptor.h"
#include "proxy/client/shared.h"
#include "proxy/exchange/access_check.h"
#include "proxy/exchange/handler.h"
#include "proxy/exchange/response_filter.h"
#include "proxy/exchange/rules.h"
#include "proxy/handlers/admin.h"
#include "proxy/net/name_watch.h"
#include "proxy/observe/route_series.h"
#include "proxy/route/table.h"
#include "proxy/server/cache_admin.h"
#include "proxy/server/guard_rules.h"
#include "tls/context.h"
#include "tls/tickets.h"

namespace sluice::server {

struct Snapshot {
  conf::Config config;
  net::HostAddresses names;  // by which the pools are made
  std::map<std::string, std::unique_ptr<balancer::Pool>> pools;
  std::vector<std::unique_ptr<exchange::Handler>> handlers;
  std::vector<std::unique_ptr<exchange::ResponseFilter>> filters;
  AllCacheRules cache_rules;  // of the routes that have a cache
  access::GuardRules guard;
  access::Door door{guard};
  ListFiles list_files;
  std::vector<std::shared_ptr<const access::IpList>> route_lists;  // one a route; null: it has none
  std::vector<std::unique_ptr<exchange::AccessCheck>> checks;
  std::vector<std::unique_ptr<route::Route>> routes;
  std::vector<std::shared_ptr<observe::RouteSeries>> series;  // of the routes
  std::vector<std::unique_ptr<route::Table>> tables;
  std::vector<client::ListenerSettings> listeners;  // by listener number
  std::optional<std::uint32_t> admin_listener;      // its number
  std::string admin_token;
  exchange::Rules rules;
  client::Options client_options;
};

// What is taken from the snapshot before, of the same configuration; null: it is read from its
// files. So what is broken on the disk meanwhile holds up no change of something else.
struct Kept {
  const Snapshot* lists = nullptr;    // of access rules
  const Snapshot* secrets = nullptr;  // certificates and their keys, the admin token
};

struct CompileInput {
  const conf::Config& config;
  // For each of config.listeners, its number; numbers are below listener_count.
  const std::vector<std::uint32_t>& listener_numbers;
  std::size_t listener_count;
  const net::HostAddresses& names;  // without those that have not resolved (yet)
  balancer::BackendRegistry& backends;
  tls::TicketKeys& ticket_keys;
  cache::Store& store;
  access::Guard& guard;
  observe::RouteRegistry& route_series;
  // The number of the admin listener, and what it answers.
  std::optional<std::uint32_t> admin_listener;
  std::vector<handlers::AdminEndpoint> admin_endpoints;
  Kept kept{};
};

// Control thread only. Errors are those that only the real files and libraries can tell: a broken
// certificate, a pattern that two rules share.
Result<std::shared_ptr<const Snapshot>> compile(const CompileInput& input);

// The hosts of backends that have to be resolved: neither numeric nor a Unix path. Each once.
std::vector<std::string> names_to_resolve(const conf::Config& config);

}  // namespace sluice::server
