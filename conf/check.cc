// SPDX-License-Identifier: MIT
#include "conf/check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "conf/check_cache.h"
#include "conf/check_guard.h"
#include "conf/check_routes.h"
#include "conf/files.h"
#include "conf/reporter.h"
#include "conf/units.h"

namespace sluice::conf {
namespace {

class Checker {
 public:
  Checker(const Config& config, const CheckOptions& options, Reporter& reporter)
      : config_(config), options_(options), reporter_(reporter) {}

  void run() {
    listeners();
    pools();
    check_routes(config_, reporter_);
    strings(Path().at("trusted_proxies"), config_.trusted_proxies, cidr_fault);
    buffers();
    check_guard(config_, options_.read_files, reporter_);
    check_store(config_.cache, reporter_);
    resolver();
    access_log();
    if (config_.admin) admin(*config_.admin);
  }

 private:
  using StringCheck = std::optional<Fault> (*)(std::string_view);

  void strings(const Path& path, const std::vector<std::string>& list, StringCheck check) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (auto fault = check(list[i])) reporter_.at(path.at(i), std::move(*fault));
    }
  }

  void listeners();
  void listener_name(const Listener& listener, std::size_t index);
  void listener_overlap(const std::string& address, const Path& path);
  void tls(const ListenerTls& tls, const Path& path);
  void certificate(const Certificate& certificate, const Path& path);
  bool readable(const std::string& file, const Path& path);
  void pools();
  void pool(const Pool& pool, const Path& path);
  void buffers();
  void resolver();
  void access_log();
  void admin(const Admin& admin);

  const Config& config_;
  const CheckOptions& options_;
  Reporter& reporter_;
  std::map<std::string, std::size_t, std::less<>> addresses_;  // of listeners
  std::map<std::string, Path, std::less<>> listener_names_;
  std::map<std::string, Path, std::less<>> listener_endpoints_;  // by what they take
};

void Checker::listeners() {
  const Path path = Path().at("listeners");
  if (config_.listeners.empty()) {
    reporter_.at(path, {"there are no listeners, so nothing could connect",
                        "for example \"listeners\": [ { \"address\": \":8080\" } ]"});
  }
  for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
    addresses_.emplace(config_.listeners[i].address, i);
  }
  for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
    const Listener& listener = config_.listeners[i];
    const Path at = path.at(i);
    if (auto fault = listener_address_fault(listener.address)) {
      reporter_.at(at.at("address"), std::move(*fault));
    } else {
      listener_overlap(listener.address, at.at("address"));
    }
    listener_name(listener, i);
    if (listener.tls) tls(*listener.tls, at.at("tls"));
    const bool local = listener.address.starts_with("unix:");
    if (local && listener.defer_accept) {
      reporter_.at(at.at("defer_accept"),
                   {"only TCP connections can be handed over with their first bytes", ""});
    }
    if (listener.proxy_protocol && !local && config_.trusted_proxies.empty() &&
        !reporter_.doubtful(Path().at("trusted_proxies"))) {
      reporter_.at(at.at("proxy_protocol"), {"nobody may connect: there are no \"trusted_proxies\"",
                                             "name the balancers in front there"});
    }
  }
}

void Checker::listener_name(const Listener& listener, std::size_t index) {
  if (listener.name.empty()) return;
  const Path path = Path().at("listeners").at(index).at("name");
  const auto [first, is_new] = listener_names_.emplace(listener.name, path);
  if (!is_new) {
    reporter_.repeated(path, first->second,
                       fmt::format("two listeners have the name {}", in_quotes(listener.name)));
  }
  const auto other = addresses_.find(listener.name);
  if (other != addresses_.end() && other->second != index) {
    reporter_.at(path,
                 {fmt::format("{} is the address of another listener", in_quotes(listener.name)),
                  "a name must not be mistaken for an address"});
  }
}

void Checker::listener_overlap(const std::string& address, const Path& path) {
  Fault fault;
  const auto endpoint = parse_endpoint(address, &fault);
  if (!endpoint || (endpoint->kind != Endpoint::Kind::Unix && endpoint->port == 0)) return;
  // "[::]" takes IPv4 too, as a port without a host does; both take what "0.0.0.0" takes.
  const std::string every = fmt::format(":{}", endpoint->port);
  const std::string every_v4 = "0.0.0.0" + every;
  const bool is_every = endpoint->kind == Endpoint::Kind::Any || endpoint->host == "[::]";
  const std::string key = is_every ? every : endpoint->canonical();
  std::vector<std::string> taken{key};
  if (is_every) taken.push_back(every_v4);
  if (key == every_v4) taken.push_back(every);
  for (const std::string& other : taken) {
    const auto earlier = listener_endpoints_.find(other);
    if (earlier == listener_endpoints_.end()) continue;
    reporter_.repeated(
        path, earlier->second,
        fmt::format("{} overlaps with the address of another listener", in_quotes(address)));
    return;
  }
  listener_endpoints_.emplace(key, path);
}

void Checker::tls(const ListenerTls& tls, const Path& path) {
  const Path list = path.at("certificates");
  if (tls.certificates.empty()) {
    reporter_.at(list, {"a TLS listener needs at least one certificate",
                        "\"certificates\": [ { \"cert\": \"fullchain.pem\", "
                        "\"key\": \"privkey.pem\" } ]"});
  }
  for (std::size_t i = 0; i < tls.certificates.size(); ++i) {
    certificate(tls.certificates[i], list.at(i));
  }
}

void Checker::certificate(const Certificate& certificate, const Path& path) {
  if (!options_.read_files || reporter_.doubtful(path)) return;
  const bool cert = readable(certificate.cert, path.at("cert"));
  const bool key = readable(certificate.key, path.at("key"));
  if (!cert || !key || !options_.certificate_check) return;
  if (auto sentence = options_.certificate_check(certificate)) {
    reporter_.at(path, {std::move(*sentence), {}});
  }
}

bool Checker::readable(const std::string& file, const Path& path) {
  const auto why = unreadable(file);
  if (why) reporter_.at(path, {fmt::format("cannot read {}: {}", in_quotes(file), *why), {}});
  return !why;
}

void Checker::pools() {
  for (const auto& [name, value] : config_.pools) {
    const Path path = Path().at("pools").at(name);
    if (name.empty() ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-.") != std::string::npos) {
      reporter_.at_key(path, {fmt::format("{} is no name for a pool", in_quotes(name)),
                              "names are letters, digits, \"_\", \"-\" and \".\""});
    }
    pool(value, path);
  }
}

void Checker::pool(const Pool& pool, const Path& path) {
  const Path list = path.at("backends");
  if (pool.backends.empty()) {
    reporter_.at(list, {fmt::format("{} has no backends", path.text()),
                        "for example \"backends\": [ \"127.0.0.1:9000\" ]"});
  }
  std::map<std::string, Path, std::less<>> seen;
  for (std::size_t i = 0; i < pool.backends.size(); ++i) {
    const std::string& address = pool.backends[i].address;
    const Path at = list.at(i).at("address");
    if (auto fault = backend_address_fault(address)) {
      reporter_.at(at, std::move(*fault));
      continue;
    }
    Fault fault;
    const auto endpoint = parse_endpoint(address, &fault);
    const auto [first, is_new] = seen.emplace(endpoint ? endpoint->canonical() : address, at);
    if (!is_new) {
      reporter_.repeated(at, first->second,
                         fmt::format("{} stands twice in this pool; give it a weight instead",
                                     in_quotes(address)));
    }
  }
}

void Checker::buffers() {
  const auto collects = [](const Route& route) { return route.buffer; };
  if (std::none_of(config_.routes.begin(), config_.routes.end(), collects)) return;
  const std::string& directory = config_.buffers.directory;
  const bool absolute = directory.starts_with('/');
  // As the proxy does it, which not every file system can.
  const int file = absolute ? open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
  if (file >= 0) {
    close(file);
    return;
  }
  const std::string why =
      absolute ? std::generic_category().message(errno) : "not an absolute path";
  reporter_.at(Path().at("buffers").at("directory"),
               {fmt::format("routes with \"buffer\" cannot put bodies into {}: {}",
                            in_quotes(directory), why),
                "a directory that may be written to, on a file system with O_TMPFILE"});
}

void Checker::resolver() {
  const Path path = Path().at("resolver");
  const Resolver& resolver = config_.resolver;
  strings(path.at("servers"), resolver.servers, resolver_address_fault);
  if (resolver.min_ttl > resolver.max_ttl && !reporter_.doubtful(path.at("max_ttl"))) {
    reporter_.at(path.at("min_ttl"), {fmt::format("\"min_ttl\" is {}, more than \"max_ttl\", {}",
                                                  print(resolver.min_ttl), print(resolver.max_ttl)),
                                      {}});
  }
}

void Checker::access_log() {
  const std::string& path = config_.access_log.path;
  if (path.empty() || path.back() == '/') {
    reporter_.at(Path().at("access_log").at("path"),
                 {fmt::format("{} is no file", in_quotes(path)),
                  "\"stdout\", \"stderr\" or the path of a file"});
  }
}

// Who reaches it may look and purge, so it must be this machine's own, or ask who comes.
void Checker::admin(const Admin& admin) {
  const Path path = Path().at("admin");
  const Path address = path.at("address");
  if (auto fault = listener_address_fault(admin.address)) {
    reporter_.at(address, std::move(*fault));
  } else {
    listener_overlap(admin.address, address);
    const bool secret = !admin.token.empty() || !admin.token_file.empty();
    if (!secret && !is_local(admin.address) && !reporter_.doubtful(path.at("token")) &&
        !reporter_.doubtful(path.at("token_file"))) {
      reporter_.at(address, {fmt::format("{} can be reached from elsewhere, and there is no token",
                                         in_quotes(admin.address)),
                             "for example \"127.0.0.1:9901\", or a \"token_file\""});
    }
  }
  if (!admin.token.empty() && !admin.token_file.empty()) {
    reporter_.at(path.at("token"), {"there is a \"token_file\", too", "one of them is enough"});
  }
  if (auto why = token_fault(admin.token)) reporter_.at(path.at("token"), std::move(*why));
  if (admin.token_file.empty() || !options_.read_files) return;
  // A pipe can be read once, and not for this.
  if (std::error_code ignored; !std::filesystem::is_regular_file(admin.token_file, ignored)) {
    readable(admin.token_file, path.at("token_file"));
    return;
  }
  const Result<std::string> token = token_in(admin.token_file);
  if (!token) reporter_.at(path.at("token_file"), {token.error().what, {}});
}

}  // namespace

void check_config(const Config& config, const Node& root, const CheckOptions& options,
                  Problems& problems) {
  Reporter reporter(root, problems);
  Checker(config, options, reporter).run();
}

}  // namespace sluice::conf
