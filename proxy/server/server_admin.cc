// SPDX-License-Identifier: MIT
// The other half of Server: what the admin listener answers.
#include <fmt/format.h>
#include <sys/resource.h>

#include <utility>

#include "proxy/server/block_admin.h"
#include "proxy/server/cache_admin.h"
#include "proxy/server/server.h"
#include "proxy/server/version.h"

namespace sluice::server {

namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

void add_backends(const balancer::Pool& pool, observe::Scrape& scrape) {
  for (std::size_t i = 0; i < pool.members().size(); ++i) {
    const balancer::Backend& backend = *pool.members()[i].backend;
    scrape.backends.push_back({.pool = pool.name(),
                               .address = backend.address(),
                               .requests = backend.requests(),
                               .failures = backend.failures(),
                               .in_flight = backend.in_flight(),
                               .up = pool.eligible(i, net::Clock::now())});
  }
}

void add_cache(const cache::StoreStats& stats, observe::Scrape& scrape) {
  scrape.cache = {.hits = stats.hits,
                  .misses = stats.misses,
                  .passes = stats.passes,
                  .joins = stats.joins,
                  .insertions = stats.insertions,
                  .evictions = stats.evictions,
                  .entries = stats.entries,
                  .bytes = stats.bytes,
                  .capacity_bytes = stats.capacity,
                  .fetches = stats.flights};
}

}  // namespace

// Each is called on a worker's thread. What looks at the Server's own state goes to its loop first
// and answers from there; the workers are stopped before that loop is destroyed.
std::vector<handlers::AdminEndpoint> Server::admin_endpoints() {
  using handlers::AdminAnswer;
  using handlers::AdminReply;
  using handlers::AdminRequest;
  std::vector<handlers::AdminEndpoint> endpoints;
  endpoints.push_back({"GET", "/metrics", "counters, as Prometheus reads them",
                       [this](const AdminRequest&, const AdminReply& reply) {
                         loop_.post([this, reply] {
                           reply.send({.status = 200,
                                       .content_type = std::string(observe::kMetricsType),
                                       .body = observe::metrics_text(scrape())});
                         });
                       }});
  endpoints.push_back({"GET", "/ready", "200, or 503 while it drains or resolves its first names",
                       [this](const AdminRequest&, const AdminReply& reply) {
                         const bool ready = names_settled_ && !draining_;
                         AdminAnswer answer;
                         answer.status = ready ? 200 : 503;
                         answer.body = draining_ ? "draining\n" : ready ? "ready\n" : "starting\n";
                         reply.send(std::move(answer));
                       }});
  endpoints.push_back(
      {"GET", "/live", "200 as long as it runs", [](const AdminRequest&, const AdminReply& reply) {
         AdminAnswer answer;
         answer.body = "live\n";
         reply.send(std::move(answer));
       }});
  endpoints.push_back({"GET", "/cache/stats", "what the cache holds and has done, as JSON",
                       [this](const AdminRequest&, const AdminReply& reply) {
                         loop_.post([this, reply] { reply.send(cache_stats(store_)); });
                       }});
  endpoints.push_back({"POST", "/cache/purge",
                       "?url=, ?prefix=, ?host=, ?tag= or ?all; with &soft to validate only",
                       [this](const AdminRequest& request, const AdminReply& reply) {
                         loop_.post([this, request, reply] {
                           reply.send(purge_cache(store_, snapshot_->cache_rules, request));
                         });
                       }});
  endpoints.push_back(
      {"GET", "/block", "who is put away, as JSON",
       [this](const AdminRequest&, const AdminReply& reply) {
         loop_.post([this, reply] { reply.send(list_blocks(guard_->jail, access::wall_now())); });
       }});
  endpoints.push_back({"POST", "/block/add", "?block=ADDRESS or CIDR, with &for=10m",
                       [this](const AdminRequest& request, const AdminReply& reply) {
                         loop_.post([this, request, reply] {
                           reply.send(add_block(snapshot_->guard, request, access::wall_now()));
                         });
                       }});
  endpoints.push_back({"POST", "/block/remove", "?block=ADDRESS or CIDR: all within it",
                       [this](const AdminRequest& request, const AdminReply& reply) {
                         reply.send(remove_block(guard_->jail, request, access::wall_now()));
                       }});
  return endpoints;
}

observe::Scrape Server::scrape() const {
  observe::Scrape scrape;
  for (const auto& worker : workers_) worker->add_to(scrape.totals);
  for (const auto& [name, series] : route_series_.all()) {
    observe::Scrape::Route& route = scrape.routes.emplace_back();
    route.name = name;
    for (std::size_t i = 0; i < route.by_status.size(); ++i) route.by_status[i] = series->total(i);
  }
  for (const auto& [name, pool] : snapshot_->pools) add_backends(*pool, scrape);
  add_cache(store_.stats(), scrape);
  scrape.guard = {.untracked = guard_->table->untracked(), .inmates = guard_->jail.size()};
  scrape.version = kVersion;
  scrape.start_seconds = std::chrono::duration<double>(started_.time_since_epoch()).count();
  scrape.cpu_seconds = cpu_seconds();
  scrape.workers = workers_.size();
  scrape.generation = generation_;
  scrape.reloads_done = reloads_done_;
  scrape.reloads_failed = reloads_failed_;
  scrape.lists_reloads_done = lists_reloads_done_;
  scrape.lists_reloads_failed = lists_reloads_failed_;
  scrape.log_lines_dropped = log_writer_->dropped();
  scrape.draining = draining_;
  return scrape;
}

void Server::log_admin_listener() const {
  const net::Address& bound = listeners_.bound(*listeners_.admin());
  log_.info("admin listener on http{}{}", bound.is_unix() ? "+" : "://", bound.text());
}

}  // namespace sluice::server
