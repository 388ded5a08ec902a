// SPDX-License-Identifier: MIT
#include "proxy/server/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "conf/files.h"
#include "proxy/backend/stream.h"
#include "proxy/filters/compress.h"
#include "proxy/filters/headers.h"
#include "proxy/handlers/cache_watch.h"
#include "proxy/handlers/fixed_response.h"
#include "proxy/handlers/forward.h"
#include "proxy/handlers/forward_cache.h"
#include "proxy/handlers/redirect.h"
#include "proxy/handlers/static_files.h"
#include "proxy/http/field_edits.h"
#include "proxy/http/uri.h"
#include "proxy/net/address.h"
#include "proxy/server/cache_rules.h"
#include "proxy/server/guard_compile.h"

namespace sluice::server {

namespace {

std::string route_name(const conf::Match& match) {
  std::string host = match.hosts.empty() ? "*" : match.hosts.front();
  return host + (match.paths.empty() ? "/*" : match.paths.front());
}

http::FieldEdits edits_of(const conf::HeaderEdits& edits, std::vector<std::string> allow = {}) {
  return http::FieldEdits({edits.add.begin(), edits.add.end()},
                          {edits.set.begin(), edits.set.end()}, edits.remove, std::move(allow));
}

bool has_edits(const conf::HeaderEdits& edits) {
  return !edits.add.empty() || !edits.set.empty() || !edits.remove.empty();
}

// conf/check_compress.cc has seen to it that each is known.
filters::Coding coding_of(std::string_view name) {
  if (name == "br") return filters::Coding::Brotli;
  return name == "zstd" ? filters::Coding::Zstd : filters::Coding::Gzip;
}

filters::CompressOptions compress_options(const conf::Compress& from) {
  filters::CompressOptions options{
      .codings = {}, .types = {}, .size_min = from.min_size, .level = from.level};
  for (const std::string& name : from.encodings) options.codings.push_back(coding_of(name));
  for (const std::string& type : from.types) options.types.emplace_back(type);
  return options;
}

std::string as_matched(std::string path) {
  path.resize(http::matched_spelling(path, path.data()));
  return path;
}

struct HostPort {
  std::string_view host;
  std::uint16_t port = 0;
};

// conf/check.cc has seen to it that it is "host:port".
HostPort split(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  HostPort out{address.substr(0, colon), 0};
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), out.port);
  return out;
}

Result<std::string> admin_token(const conf::Admin& admin) {
  return admin.token_file.empty() ? admin.token : conf::token_in(admin.token_file);
}

// Adds up a Snapshot piece by piece.
class Compiler {
 public:
  explicit Compiler(const CompileInput& input)
      : input_(input), snapshot_(std::make_shared<Snapshot>()) {
    snapshot_->config = input.config;
    snapshot_->names = input.names;
  }

  Result<std::shared_ptr<const Snapshot>> run() {
    compile_pools();
    compile_routes();
    compile_options();
    if (auto error = compile_rules()) return *error;
    if (auto error = compile_tables()) return *error;
    if (auto error = compile_guard(input_, *snapshot_)) return *error;
    if (auto error = compile_listeners()) return *error;
    if (auto error = compile_admin()) return *error;
    return std::shared_ptr<const Snapshot>(std::move(snapshot_));
  }

 private:
  const conf::Config& config() const { return snapshot_->config; }

  void compile_pools() {
    for (const auto& [name, pool] : config().pools) {
      std::vector<balancer::Pool::Address> addresses;
      for (const conf::Backend& backend : pool.backends) add_addresses(backend, addresses);
      snapshot_->pools.emplace(
          name, std::make_unique<balancer::Pool>(name, pool, addresses, input_.backends));
    }
  }

  void add_addresses(const conf::Backend& backend,
                     std::vector<balancer::Pool::Address>& addresses) const {
    if (auto numeric = net::Address::parse(backend.address)) {
      addresses.push_back({numeric->text(), backend.weight});
      return;
    }
    const HostPort name = split(backend.address);
    const auto resolved = snapshot_->names.find(name.host);
    if (resolved == snapshot_->names.end()) return;
    for (const IpAddress& ip : resolved->second) {
      addresses.push_back({net::Address::of(ip, name.port).text(), backend.weight});
    }
  }

  void compile_routes() {
    for (const conf::Route& from : config().routes) {
      auto route = std::make_unique<route::Route>();
      route->name = route_name(from.match);
      snapshot_->series.push_back(input_.route_series.series(route->name));
      route->series = snapshot_->series.back().get();
      snapshot_->handlers.push_back(make_handler(from, *route));
      route->handler = snapshot_->handlers.back().get();
      route->rewrite = {as_matched(from.strip_prefix), from.replace_prefix};
      route->allows_connect = from.connect;
      if (has_edits(from.headers.response)) {
        add_filter(*route,
                   std::make_unique<filters::HeaderFilter>(edits_of(from.headers.response)));
      }
      // The last, as it judges by what the client gets.
      if (from.compress) {
        add_filter(*route, std::make_unique<filters::Compress>(compress_options(*from.compress)));
      }
      snapshot_->routes.push_back(std::move(route));
    }
  }

  void add_filter(route::Route& route, std::unique_ptr<exchange::ResponseFilter> filter) {
    route.filters.push_back(filter.get());
    snapshot_->filters.push_back(std::move(filter));
  }

  // conf/check.cc has seen to it that there is exactly one action, and that its pool exists.
  std::unique_ptr<exchange::Handler> make_handler(const conf::Route& route, route::Route& into) {
    if (route.redirect) {
      return std::make_unique<handlers::Redirect>(route.redirect->status, route.redirect->to);
    }
    if (route.respond) {
      return std::make_unique<handlers::FixedResponse>(route.respond->status, route.respond->body,
                                                       route.respond->content_type);
    }
    if (route.files) {
      handlers::MimeTypes types({route.files->types.begin(), route.files->types.end()});
      handlers::StoredFiles stored(input_.store, object_bytes_max(config().cache),
                                   types.identity());
      return std::make_unique<handlers::StaticFiles>(
          handlers::FileLookup(route.files->root, route.files->index, route.files->fallbacks,
                               route.files->listing),
          std::move(types), route.files->precompressed, stored);
    }
    const balancer::Pool& pool = *snapshot_->pools.at(route.forward->pool);
    handlers::ForwardOptions options{
        .request_edits = edits_of(route.headers.request, route.headers.request.allow),
        .keeps_fields = route.cache.has_value(),
        .upgrades = route.upgrade,
        .whole_body = {},
        .tunnel_idle = config().timeouts.tunnel,
        .backend = backend_options(pool.options())};
    if (route.buffer) options.whole_body = {config().buffers.directory, config().buffers.disk};
    auto forward = std::make_unique<handlers::Forward>(pool, std::move(options));
    if (!route.cache) return forward;
    auto rules =
        std::make_shared<const handlers::CacheRules>(cache_rules_of(route, config().cache));
    snapshot_->cache_rules.push_back(rules);
    add_filter(into, std::make_unique<handlers::CacheWatch>(input_.store, rules));
    return std::make_unique<handlers::ForwardCache>(std::move(forward), input_.store,
                                                    std::move(rules));
  }

  static bool listens_on(const conf::Match& match, const conf::Listener& listener) {
    const auto& wanted = match.listeners;
    auto is_this = [&listener](const std::string& name) {
      return name == listener.address || (!listener.name.empty() && name == listener.name);
    };
    return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), is_this);
  }

  std::optional<Error> compile_tables() {
    snapshot_->rules.listeners.resize(input_.listener_count);
    for (std::size_t i = 0; i < config().listeners.size(); ++i) {
      route::Table::Builder builder;
      for (std::size_t r = 0; r < config().routes.size(); ++r) {
        const conf::Match& match = config().routes[r].match;
        if (!listens_on(match, config().listeners[i])) continue;
        auto problem = builder.add(match.hosts, match.paths, snapshot_->routes[r].get());
        if (problem) return Error{fmt::format("routes[{}].match", r), *problem};
      }
      snapshot_->tables.push_back(std::make_unique<route::Table>(builder.build()));
      snapshot_->rules.listeners[input_.listener_numbers[i]].table = snapshot_->tables.back().get();
    }
    return {};
  }

  std::optional<Error> compile_listeners() {
    snapshot_->listeners.resize(input_.listener_count);
    for (std::size_t i = 0; i < config().listeners.size(); ++i) {
      const conf::Listener& listener = config().listeners[i];
      client::ListenerSettings& settings = snapshot_->listeners[input_.listener_numbers[i]];
      settings.defer_accept = listener.defer_accept;
      settings.proxy_protocol = listener.proxy_protocol;
      if (!listener.tls) continue;
      if (input_.kept.secrets != nullptr) {
        settings.tls = input_.kept.secrets->listeners[input_.listener_numbers[i]].tls;
        continue;
      }
      auto context = tls::ServerContext::create(*listener.tls, input_.ticket_keys);
      if (!context) return Error{fmt::format("listeners[{}].tls", i), context.error().text()};
      settings.tls = *context;
    }
    return {};
  }

  // One route for every host and path, in a table that no other listener has.
  std::optional<Error> compile_admin() {
    snapshot_->admin_listener = input_.admin_listener;
    if (!input_.admin_listener) return {};
    auto token = input_.kept.secrets != nullptr
                     ? Result<std::string>(input_.kept.secrets->admin_token)
                     : admin_token(*config().admin);
    if (!token) return token.error();
    snapshot_->admin_token = std::move(*token);
    snapshot_->handlers.push_back(
        std::make_unique<handlers::Admin>(input_.admin_endpoints, snapshot_->admin_token));
    auto route = std::make_unique<route::Route>();
    route->name = "admin";
    route->handler = snapshot_->handlers.back().get();
    route::Table::Builder builder;
    if (auto problem = builder.add({}, {}, route.get())) return Error{"admin", *problem};
    snapshot_->routes.push_back(std::move(route));
    snapshot_->tables.push_back(std::make_unique<route::Table>(builder.build()));
    snapshot_->rules.listeners[*input_.admin_listener].table = snapshot_->tables.back().get();
    return {};
  }

  std::optional<Error> compile_rules() {
    exchange::Rules& rules = snapshot_->rules;
    std::size_t wrong = 0;
    auto trusted = CidrSet::parse(config().trusted_proxies, &wrong);
    if (!trusted) return Error{fmt::format("trusted_proxies[{}]", wrong), "is no CIDR block"};
    rules.trusted_proxies = std::move(*trusted);
    if (config().client_header == conf::ClientHeader::Forwarded) {
      rules.client_field = http::ClientField::Forwarded;
    }
    rules.body_bytes_max = config().limits.body;
    rules.total_timeout = config().timeouts.total;
    rules.request_watermark_bytes = config().buffers.request;
    rules.response_watermark_bytes = config().buffers.response;
    return {};
  }

  http::HeadLimits head_limits() const {
    const conf::Limits& limits = config().limits;
    return {
        .request_line = limits.request_line,
        .field = limits.field,
        .head = limits.head,
        .fields = static_cast<std::size_t>(limits.fields),
    };
  }

  backend::Options backend_options(const conf::Pool& pool) const {
    const conf::Timeouts& timeouts = config().timeouts;
    return {
        .connect_timeout = timeouts.connect,
        .first_byte_timeout = timeouts.first_byte,
        .read_timeout = timeouts.backend_read,
        .head_limits = head_limits(),
        .keepalive_max = static_cast<std::size_t>(pool.keepalive),
        .keepalive_timeout = pool.keepalive_timeout,
    };
  }

  void compile_options() {
    const conf::Timeouts& timeouts = config().timeouts;
    const conf::Limits& limits = config().limits;
    snapshot_->client_options = {
        .tls_handshake_timeout = timeouts.tls_handshake,
        .request_head_timeout = timeouts.request_head,
        .idle_timeout = timeouts.idle,
        .pace = {.request_body_timeout = timeouts.request_body,
                 .body_rate = limits.body_rate,
                 .send_timeout = timeouts.send,
                 .send_rate = limits.send_rate},
        .head_limits = head_limits(),
    };
  }

  const CompileInput& input_;
  std::shared_ptr<Snapshot> snapshot_;
};

}  // namespace

Result<std::shared_ptr<const Snapshot>> compile(const CompileInput& input) {
  return Compiler(input).run();
}

std::vector<std::string> names_to_resolve(const conf::Config& config) {
  std::set<std::string> names;
  for (const auto& [pool_name, pool] : config.pools) {
    for (const conf::Backend& backend : pool.backends) {
      if (net::Address::parse(backend.address)) continue;
      names.emplace(split(backend.address).host);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace sluice::server
