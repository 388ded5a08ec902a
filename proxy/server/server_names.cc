// SPDX-License-Identifier: MIT
// The other half of Server: names of backends. Each configuration brings a watch of its own, with a
// resolver that has just read the system's settings, and which asks for each name at once; it
// begins with the addresses that are in use. So a reload asks anew for every name, waits only for
// those that are new, and what no configuration has any more is forgotten with its watch.

#include "proxy/net/resolver.h"
#include "proxy/server/server.h"

namespace sluice::server {

Result<std::unique_ptr<net::NameWatch>> Server::watch_names(const conf::Config& config) {
  const std::vector<std::string> hosts = names_to_resolve(config);
  std::unique_ptr<net::Resolver> resolver;
  if (!hosts.empty()) {
    auto opened = net::Resolver::open(loop_, {.servers = config.resolver.servers,
                                              .timeout = config.resolver.timeout,
                                              .min_ttl = config.resolver.min_ttl,
                                              .max_ttl = config.resolver.max_ttl});
    if (!opened) return opened.error();
    resolver = std::move(*opened);
  }
  const net::HostAddresses last = names_ == nullptr ? net::HostAddresses() : names_->addresses();
  return std::make_unique<net::NameWatch>(loop_, std::move(resolver), hosts, last,
                                          static_cast<net::NameWatch::Owner*>(this));
}

void Server::on_changed(std::string_view host, std::span<const IpAddress> addresses) {
  log_.info("{} resolves to {} address{}", host, addresses.size(),
            addresses.size() == 1 ? "" : "es");
  look_at_names_later();
}

void Server::on_failed(std::string_view host, std::string_view error, bool has_last) {
  log_.warn("{} does not resolve: {}{}", host, error,
            has_last ? "; its last addresses stay in use" : "");
  look_at_names_later();
}

// Names that change together are used together; and a watch may not be replaced while it tells.
void Server::look_at_names_later() {
  if (!std::exchange(looks_at_names_, true)) loop_.post([this] { look_at_names(); });
}

void Server::look_at_names() {
  looks_at_names_ = false;
  if (draining_) return;
  if (coming_ && coming_->names->settled()) end_reload();
  if (names_->addresses() != snapshot_->names) use_new_names();
  names_settled_ = names_->settled();
}

// New addresses are a reload with the configuration that stands, and with what its files held: one
// that is broken, or being replaced, is no reason to stay with backends that are gone. It may fail
// for something else, so it is tried again.
void Server::use_new_names() {
  const auto error =
      use(config_, names_->addresses(), {.lists = snapshot_.get(), .secrets = snapshot_.get()});
  if (!error) return;
  const bool is_news = names_retry_.failed(error->text(), loop_.now());
  if (is_news) log_.error("cannot use the new addresses: {}", error->text());
}

}  // namespace sluice::server
