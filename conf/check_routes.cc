// SPDX-License-Identifier: MIT
#include "conf/check_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "conf/check_cache.h"
#include "conf/check_compress.h"
#include "conf/check_files.h"
#include "conf/letters.h"
#include "conf/suggest.h"
#include "conf/syntax.h"

namespace sluice::conf {
namespace {

class RouteChecker {
 public:
  RouteChecker(const Config& config, Reporter& reporter);
  void run();

 private:
  using StringCheck = std::optional<Fault> (*)(std::string_view);

  // host, path, listener; empty host or path: any.
  using Rule = std::tuple<std::string, std::string, std::size_t>;

  void match(const Match& match, const Path& path);
  void patterns(const std::vector<std::string>& list, const Path& path, StringCheck check);
  void unique(const Match& match, std::size_t route);
  bool claim(const Rule& rule, std::size_t route);
  void action(const Route& route, const Path& path);
  void forward(const Forward& forward, const Path& path);
  void respond(const Respond& respond, const Path& path);
  void tunnels(const Route& route, const Path& path);
  void prefixes(const Route& route, const Path& path);
  void strip_prefix(const Route& route, const Path& path);
  void edits(const HeaderEdits& edits, const Path& path, bool of_request);
  void host(const HeaderEdits& edits, const Path& path);
  void allowed(const RequestHeaderEdits& edits, const Path& path);
  void field(const std::string& name, const Path& path, bool only_once);
  void values(const std::map<std::string, std::string>& fields, const Path& path, bool only_once);

  const Config& config_;
  Reporter& reporter_;
  std::vector<std::size_t> all_listeners_;
  std::unordered_map<std::string, std::vector<std::size_t>> listeners_;  // by name and by address
  std::map<Rule, std::size_t> rules_;                                    // the route that has it
};

RouteChecker::RouteChecker(const Config& config, Reporter& reporter)
    : config_(config), reporter_(reporter) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const Listener& listener = config.listeners[i];
    all_listeners_.push_back(i);
    listeners_[listener.address].push_back(i);
    if (listener.name != listener.address) listeners_[listener.name].push_back(i);
  }
  // What was not given is nobody's name.
  listeners_.erase(std::string());
}

void RouteChecker::run() {
  const Path path = Path().at("routes");
  if (config_.routes.empty()) {
    reporter_.at(path, {"there are no routes, so every request would find nothing",
                        "for example \"routes\": [ { \"forward\": { \"pool\": \"app\" } } ]"});
  }
  for (std::size_t i = 0; i < config_.routes.size(); ++i) {
    const Route& route = config_.routes[i];
    const Path at = path.at(i);
    match(route.match, at.at("match"));
    unique(route.match, i);
    action(route, at);
    tunnels(route, at);
    if (route.cache) check_cache(config_, route, at, reporter_);
    if (route.compress) check_compress(route, at, reporter_);
    prefixes(route, at);
    edits(route.headers.request, at.at("headers").at("request"), true);
    host(route.headers.request, at.at("headers").at("request"));
    allowed(route.headers.request, at.at("headers").at("request"));
    edits(route.headers.response, at.at("headers").at("response"), false);
  }
}

// A single string may stand for a list of one; then the place of element 0 is that of the string.
void RouteChecker::patterns(const std::vector<std::string>& list, const Path& path,
                            StringCheck check) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (auto fault = check(list[i])) reporter_.at(path.at(i), std::move(*fault));
  }
}

void RouteChecker::match(const Match& match, const Path& path) {
  patterns(match.hosts, path.at("host"), host_pattern_fault);
  patterns(match.paths, path.at("path"), path_pattern_fault);
  const Path list = path.at("listeners");
  for (std::size_t i = 0; i < match.listeners.size(); ++i) {
    const std::string& name = match.listeners[i];
    if (listeners_.count(name) != 0 || reporter_.doubtful(Path().at("listeners"))) continue;
    std::vector<std::string_view> names;
    for (const Listener& listener : config_.listeners) {
      names.emplace_back(listener.name.empty() ? listener.address : listener.name);
    }
    reporter_.at(list.at(i), {fmt::format("no listener has the name {}", in_quotes(name)),
                              did_you_mean(name, names)});
  }
}

// Each listener has a table of its own, in which a rule stands once.
void RouteChecker::unique(const Match& match, std::size_t route) {
  std::vector<std::size_t> listeners =
      match.listeners.empty() ? all_listeners_ : std::vector<std::size_t>();
  for (const std::string& name : match.listeners) {
    const auto found = listeners_.find(name);
    if (found == listeners_.end()) return;  // told already
    listeners.insert(listeners.end(), found->second.begin(), found->second.end());
  }
  const std::vector<std::string> any(1);
  for (const std::string& host : match.hosts.empty() ? any : match.hosts) {
    for (const std::string& path : match.paths.empty() ? any : match.paths) {
      for (const std::size_t listener : listeners) {
        // "/*" is any path.
        if (!claim({lower(host), path == "/*" ? std::string() : path, listener}, route)) return;
      }
    }
  }
}

// One complaint per route is enough: the rest of the two lists is likely to be the same too.
bool RouteChecker::claim(const Rule& rule, std::size_t route) {
  const auto [first, is_new] = rules_.emplace(rule, route);
  if (is_new) return true;
  const auto& [host, path, index] = rule;
  const Listener& listener = config_.listeners[index];
  const std::string what =
      fmt::format("{} and {} at listener {}",
                  host.empty() ? "any host" : fmt::format("host {}", in_quotes(host)),
                  path.empty() ? "any path" : fmt::format("path {}", in_quotes(path)),
                  in_quotes(listener.name.empty() ? listener.address : listener.name));
  const Path routes = Path().at("routes");
  const Path here = routes.at(route).at("match");
  if (first->second == route) {
    reporter_.at(here, {fmt::format("this route matches {} twice", what), {}});
  } else {
    reporter_.repeated(here, routes.at(first->second).at("match"),
                       fmt::format("routes[{}] matches {} already", first->second, what));
  }
  return false;
}

void RouteChecker::action(const Route& route, const Path& path) {
  std::vector<std::string_view> given;
  if (route.forward) given.emplace_back("forward");
  if (route.files) given.emplace_back("files");
  if (route.redirect) given.emplace_back("redirect");
  if (route.respond) given.emplace_back("respond");
  if (given.size() > 1) {
    reporter_.at_least(path.at(given[1]), {fmt::format("{} has {}; a route does one thing",
                                                       path.text(), fmt::join(given, " and ")),
                                           "make two routes of it"});
  }
  const bool misspelt =
      reporter_.doubtful(path.at("forward")) || reporter_.doubtful(path.at("files")) ||
      reporter_.doubtful(path.at("redirect")) || reporter_.doubtful(path.at("respond"));
  if (given.empty() && !misspelt) {
    reporter_.at_least(path, {fmt::format("{} does nothing", path.text()),
                              "add \"forward\", \"files\", \"redirect\" or \"respond\""});
  }
  if (route.forward) forward(*route.forward, path.at("forward"));
  if (route.files) check_files(*route.files, path.at("files"), reporter_);
  if (route.redirect) {
    if (auto fault = redirect_target_fault(route.redirect->to)) {
      reporter_.at(path.at("redirect").at("to"), std::move(*fault));
    }
  }
  if (route.respond) respond(*route.respond, path.at("respond"));
}

void RouteChecker::forward(const Forward& forward, const Path& path) {
  if (config_.pools.count(forward.pool) != 0) return;
  std::vector<std::string_view> names;
  for (const auto& [name, pool] : config_.pools) names.emplace_back(name);
  std::string hint = did_you_mean(forward.pool, names);
  if (hint.empty()) {
    hint = names.empty() ? "there is no \"pools\" in this configuration"
                         : fmt::format("pools are {}", listed(names));
  }
  if (reporter_.doubtful(Path().at("pools")) && names.empty()) return;
  reporter_.at(path.at("pool"),
               {fmt::format("no pool has the name {}", in_quotes(forward.pool)), std::move(hint)});
}

void RouteChecker::respond(const Respond& respond, const Path& path) {
  const bool without_content =
      respond.status == 204 || respond.status == 205 || respond.status == 304;
  if (without_content && !respond.body.empty() && !reporter_.doubtful(path.at("status"))) {
    reporter_.at(path.at("body"),
                 {fmt::format("a response {} has no content", respond.status), {}});
  }
  if (auto fault = field_value_fault(respond.content_type)) {
    reporter_.at(path.at("content_type"), std::move(*fault));
  }
}

void RouteChecker::tunnels(const Route& route, const Path& path) {
  if (!route.forward && !reporter_.doubtful(path.at("forward"))) {
    const Fault fault{"only what is forwarded can have this", {}};
    if (route.upgrade != Route().upgrade) reporter_.at(path.at("upgrade"), fault);
    if (route.connect) reporter_.at(path.at("connect"), fault);
    if (route.buffer) reporter_.at(path.at("buffer"), fault);
  }
  for (std::size_t i = 0; i < route.upgrade.size(); ++i) {
    const std::string& protocol = route.upgrade[i];
    const Path at = path.at("upgrade").at(i);
    const std::string name = lower(protocol.substr(0, protocol.find('/')));
    if (name == "h2c" || name == "http" || name == "tls") {
      reporter_.at(at, {fmt::format("{} would carry requests past every rule of this file",
                                    in_quotes(protocol)),
                        {}});
    } else if (auto fault = protocol_fault(protocol)) {
      reporter_.at(at, std::move(*fault));
    }
  }
  if (route.connect && !route.match.paths.empty()) {
    reporter_.at(path.at("connect"), {"CONNECT names no path, so this route never sees one",
                                      "take \"path\" out of \"match\""});
  }
}

void RouteChecker::prefixes(const Route& route, const Path& path) {
  const Path replace = path.at("replace_prefix");
  const bool has_path = route.forward || route.files;
  if (!has_path && !reporter_.doubtful(path.at("forward")) &&
      !reporter_.doubtful(path.at("files"))) {
    const Fault fault{"a prefix is changed only of what is forwarded, or of files", {}};
    if (!route.strip_prefix.empty()) reporter_.at(path.at("strip_prefix"), fault);
    if (route.replace_prefix) reporter_.at(replace, fault);
    return;
  }
  if (!route.strip_prefix.empty()) strip_prefix(route, path);
  if (!route.replace_prefix) return;
  const std::string& prefix = *route.replace_prefix;
  if (!route.strip_prefix.empty()) {
    reporter_.at(replace, {"\"replace_prefix\" and \"strip_prefix\" exclude each other",
                           "\"replace_prefix\" takes the matched prefix away too"});
  } else if (prefix.find('*') != std::string::npos || (prefix.size() > 1 && prefix.back() == '/')) {
    reporter_.at(replace, {fmt::format("{} is no path prefix", in_quotes(prefix)),
                           "without / or * at the end: \"/v2\""});
  } else if (auto fault = path_pattern_fault(prefix)) {
    reporter_.at(replace, std::move(*fault));
  } else if (route.match.paths.empty() && !reporter_.doubtful(path.at("match").at("path"))) {
    reporter_.at(replace, {"there is no prefix to replace: the route matches any path",
                           "add \"path\" to \"match\""});
  }
}

void RouteChecker::strip_prefix(const Route& route, const Path& path) {
  const Path at = path.at("strip_prefix");
  const std::string& prefix = route.strip_prefix;
  if (auto fault = path_pattern_fault(prefix)) {
    reporter_.at(at, std::move(*fault));
    return;
  }
  if (prefix.back() == '/' || prefix.find('*') != std::string::npos) {
    reporter_.at(at, {fmt::format("{} is no path prefix", in_quotes(prefix)),
                      "without / or * at the end: \"/static\""});
    return;
  }
  if (reporter_.doubtful(path.at("match").at("path"))) return;
  if (route.match.paths.empty()) {
    reporter_.at(
        at, {"the route matches any path, not only those that begin so",
             fmt::format("add \"path\": {} to \"match\"", in_quotes(fmt::format("{}/*", prefix)))});
  }
  for (const std::string& pattern : route.match.paths) {
    const bool inside =
        pattern == prefix || pattern.compare(0, prefix.size() + 1, prefix + '/') == 0;
    if (inside) continue;
    reporter_.at(at, {fmt::format("{} does not begin the path {} that the route matches",
                                  in_quotes(prefix), in_quotes(pattern)),
                      {}});
    return;
  }
}

void RouteChecker::field(const std::string& name, const Path& path, bool only_once) {
  if (auto fault = field_name_fault(name)) {
    reporter_.at_key(path, std::move(*fault));
  } else if (only_once && lower(name) == "host") {
    reporter_.at_key(path, {"a request has exactly one Host", "only \"set\" may name it"});
  }
}

void RouteChecker::values(const std::map<std::string, std::string>& fields, const Path& path,
                          bool only_once) {
  for (const auto& [name, value] : fields) {
    field(name, path.at(name), only_once);
    if (auto fault = field_value_fault(value)) reporter_.at(path.at(name), std::move(*fault));
  }
}

// A backend would refuse every request.
void RouteChecker::host(const HeaderEdits& edits, const Path& path) {
  for (const auto& [name, value] : edits.set) {
    if (lower(name) != "host" || field_value_fault(value)) continue;
    if (auto fault = host_value_fault(value)) {
      reporter_.at(path.at("set").at(name), std::move(*fault));
    }
  }
}

void RouteChecker::edits(const HeaderEdits& edits, const Path& path, bool of_request) {
  values(edits.add, path.at("add"), of_request);
  values(edits.set, path.at("set"), false);
  std::map<std::string, Path> set;
  for (const auto& [name, value] : edits.set) {
    const Path at = path.at("set").at(name);
    const auto [first, is_new] = set.emplace(lower(name), at);
    if (!is_new) {
      reporter_.repeated(
          at, first->second,
          fmt::format("{} is set twice; letter case makes no difference", in_quotes(name)));
    }
  }
  for (std::size_t i = 0; i < edits.remove.size(); ++i) {
    const Path at = path.at("remove").at(i);
    field(edits.remove[i], at, of_request);
    const auto also = set.find(lower(edits.remove[i]));
    if (also != set.end()) {
      reporter_.repeated(at, also->second,
                         fmt::format("{} is both set and removed", in_quotes(edits.remove[i])));
    }
  }
}

// What the route writes or takes out must not come in by another spelling.
void RouteChecker::allowed(const RequestHeaderEdits& edits, const Path& path) {
  std::map<std::string, Path> managed;
  for (const auto& [name, value] : edits.set) {
    managed.emplace(folded_name(name), path.at("set").at(name));
  }
  for (std::size_t i = 0; i < edits.remove.size(); ++i) {
    managed.emplace(folded_name(edits.remove[i]), path.at("remove").at(i));
  }
  for (std::size_t i = 0; i < edits.allow.size(); ++i) {
    const Path at = path.at("allow").at(i);
    const auto also = managed.find(folded_name(edits.allow[i]));
    if (auto fault = allowed_name_fault(edits.allow[i])) {
      reporter_.at(at, std::move(*fault));
    } else if (also != managed.end()) {
      reporter_.repeated(at, also->second,
                         fmt::format("{} would stand beside what this route sets or removes",
                                     in_quotes(edits.allow[i])));
    }
  }
}

}  // namespace

void check_routes(const Config& config, Reporter& reporter) {
  RouteChecker(config, reporter).run();
}

}  // namespace sluice::conf
