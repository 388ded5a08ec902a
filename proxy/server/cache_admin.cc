// SPDX-License-Identifier: MIT
#include "proxy/server/cache_admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "proxy/handlers/query_key.h"
#include "proxy/http/chars.h"
#include "proxy/http/headers.h"
#include "proxy/http/uri.h"
#include "proxy/server/admin_query.h"

namespace sluice::server {

namespace {

using handlers::AdminAnswer;
using handlers::AdminRequest;

struct Order {
  std::optional<cache::Purge::By> by;
  std::string text;
  bool soft = false;
};

constexpr std::pair<std::string_view, cache::Purge::By> kKinds[] = {
    {"url", cache::Purge::By::Url},   {"prefix", cache::Purge::By::Prefix},
    {"host", cache::Purge::By::Host}, {"tag", cache::Purge::By::Tag},
    {"all", cache::Purge::By::All},
};

// "soft", "soft=1", "soft=false".
std::optional<bool> flag_of(std::string_view value) {
  if (value.empty() || value == "1" || value == "true") return true;
  if (value == "0" || value == "false") return false;
  return std::nullopt;
}

// Keys know of no port, so with one none would be found.
std::string fault_of_host(std::string_view host) {
  const std::optional<http::Authority> authority = http::parse_authority(host);
  if (!authority) return fmt::format("\"{}\" is no host", host);
  if (!authority->port) return "";
  return fmt::format("a host is purged with all its ports: say \"{}\"", authority->host);
}

std::string fault_of_tag(std::string_view tag) {
  const bool is_one = tag.find_first_of(" \t,") == std::string_view::npos;
  return is_one ? "" : fmt::format("\"{}\" is no tag: there are no blanks or commas in one", tag);
}

// A sentence where something is wrong.
std::string read_order(std::string_view query, Order& order) {
  for (const auto& [name, value] : query_arguments(query)) {
    const std::optional<bool> flag = flag_of(value);
    if (name == "soft") {
      if (!flag) return "\"soft\" is 1 or 0";
      order.soft = *flag;
      continue;
    }
    const auto* const kind =
        std::find_if(std::begin(kKinds), std::end(kKinds),
                     [&name = name](const auto& known) { return known.first == name; });
    if (kind == std::end(kKinds)) return fmt::format("\"{}\" is nothing to purge by", name);
    if (order.by) return "one thing to purge by, not two";
    if (kind->second == cache::Purge::By::All) {
      if (flag != true) return "\"all\" has no value";
    } else if (value.empty()) {
      return fmt::format("\"{}\" is empty", name);
    }
    order.by = kind->second;
    order.text = value;
  }
  if (!order.by) return "say what to purge: url, prefix, host, tag or all";
  if (order.by == cache::Purge::By::Tag) return fault_of_tag(order.text);
  return order.by == cache::Purge::By::Host ? fault_of_host(order.text) : "";
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = http::to_lower(c);
  return out;
}

// "Example.com." -> "example.com".
std::string host_text(std::string_view host) {
  std::string text(host.size() + 1, '\0');
  text.resize(http::canonical_host(host, text.data()));
  return text;
}

// A URL with the whole query, and with what each of the rules keeps of it.
std::vector<std::string> urls_in_keys(std::string_view text, const AllCacheRules& all) {
  std::set<std::string> urls;
  for (const std::string& url : cache_urls(text, true)) {
    const std::size_t query = std::min(url.find('?'), url.size());
    for (const auto& rules : all) {
      urls.insert(url.substr(0, query) + handlers::query_in_key(*rules, url.substr(query)));
    }
    urls.insert(url);
  }
  return {urls.begin(), urls.end()};
}

std::vector<std::string> texts_of(const Order& order, const AllCacheRules& rules) {
  switch (*order.by) {
    case cache::Purge::By::Url:
      return urls_in_keys(order.text, rules);
    case cache::Purge::By::Prefix:
      return cache_urls(order.text, false);
    case cache::Purge::By::Host:
      return {host_text(order.text)};
    case cache::Purge::By::Tag:
    case cache::Purge::By::All:
      break;
  }
  return {order.text};
}

// "Example.com.:443" -> "example.com", under https.
std::string authority_text(std::string_view authority, std::string_view scheme) {
  const std::size_t bracket = authority.find(']');
  const std::size_t host = std::min(
      authority.find(':', bracket == std::string_view::npos ? 0 : bracket), authority.size());
  std::string text = host_text(authority.substr(0, host));
  if (authority.size() <= host + 1) return text.append(authority.substr(host));
  const std::string_view port = http::canonical_port(authority.substr(host + 1), scheme == "https");
  return port.empty() ? text : text.append(":").append(port);
}

// Of a prefix that ends within the authority: what it begins, and, where it has the default port,
// all of that authority.
std::vector<std::string> begun_authorities(std::string_view begin, std::string_view scheme) {
  std::vector<std::string> texts = {lower(begin)};
  std::string whole = authority_text(begin, scheme);
  if (whole.size() < begin.size() && !begin.ends_with('.')) texts.push_back(whole + '/');
  return texts;
}

std::optional<std::string> normal_path(std::string path) {
  const std::optional<std::size_t> size = http::normalise_path(path, path.data());
  if (!size) return std::nullopt;
  path.resize(*size);
  return path;
}

// "%" or "%C", at the end.
std::string_view begun_escape(std::string_view path) {
  const std::string_view end = path.substr(path.size() - std::min<std::size_t>(path.size(), 2));
  const std::string_view begun = end.substr(std::min(end.rfind('%'), end.size()));
  const bool is_begun = begun.size() < 2 || http::is_class(begun[1], http::char_class::kHex);
  return is_begun ? begun : std::string_view();
}

// Of a path that may go on: a last segment of dots need not be one, and an escape that has begun
// becomes one that stays one.
std::optional<std::string> begun_path(std::string_view path) {
  const std::string_view escape = begun_escape(path);
  const std::size_t segment = path.rfind('/') + 1;
  const std::string_view last = path.substr(segment, path.size() - escape.size() - segment);
  constexpr std::string_view kNoDots = "/-";
  const auto parents_text = normal_path(std::string(path.substr(0, segment)));
  const auto last_text = normal_path(std::string(kNoDots).append(last));
  if (!parents_text || !last_text) return std::nullopt;
  std::string text = *parents_text + last_text->substr(kNoDots.size());
  for (const char c : escape) text += c >= 'a' && c <= 'f' ? static_cast<char>(c & ~0x20) : c;
  return text;
}

// What stands behind the authority, as keys have it.
std::optional<std::string> rest_in_keys(std::string_view rest, bool whole) {
  const std::size_t fragment = std::min(rest.find('#'), rest.size());
  if (!whole && fragment != rest.size()) return std::nullopt;  // there is none in keys
  // What no request has in its target as it is, as clients send it.
  const std::string text =
      http::percent_encode(rest.substr(0, fragment), http::char_class::kTarget);
  const std::size_t query = std::min(text.find('?'), text.size());
  const bool ends = whole || query != text.size();
  const std::string path = query == 0 ? "/" : text.substr(0, query);
  const std::optional<std::string> normal = ends ? normal_path(path) : begun_path(path);
  if (!normal) return std::nullopt;
  return *normal + text.substr(query);
}

}  // namespace

std::vector<std::string> cache_urls(std::string_view url, bool whole) {
  std::vector<std::string_view> schemes = {"http", "https"};
  const std::size_t mark = url.find("://");
  if (mark != std::string_view::npos) {
    const std::string scheme = lower(url.substr(0, mark));
    std::erase_if(schemes, [&scheme](std::string_view known) { return known != scheme; });
    url.remove_prefix(mark + 3);
  }
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  const std::string_view rest = url.substr(authority.size());
  // A prefix may end within the host.
  const bool is_begin = !whole && rest.empty();
  const std::optional<std::string> rest_text = is_begin ? std::string() : rest_in_keys(rest, whole);
  if (authority.empty() || !rest_text) return {};
  std::vector<std::string> urls;
  urls.reserve(schemes.size());
  for (const std::string_view scheme : schemes) {
    const std::vector<std::string> texts =
        is_begin ? begun_authorities(authority, scheme)
                 : std::vector<std::string>{authority_text(authority, scheme)};
    for (const std::string& text : texts) {
      urls.push_back(fmt::format("{}://{}{}", scheme, text, *rest_text));
    }
  }
  return urls;
}

AdminAnswer cache_stats(const cache::Store& store) {
  const cache::StoreStats stats = store.stats();
  AdminAnswer answer;
  answer.content_type = kJsonType;
  answer.body = fmt::format(
      R"({{"entries": {}, "marks": {}, "bytes": {}, "capacity": {}, "fetching": {}, "hits": {}, )"
      R"("misses": {}, "passes": {}, "joins": {}, "insertions": {}, "evictions": {}}})"
      "\n",
      stats.entries, stats.marks, stats.bytes, stats.capacity, stats.flights, stats.hits,
      stats.misses, stats.passes, stats.joins, stats.insertions, stats.evictions);
  return answer;
}

AdminAnswer purge_cache(cache::Store& store, const AllCacheRules& rules,
                        const AdminRequest& request) {
  Order order;
  const std::string wrong = read_order(request.query, order);
  if (!wrong.empty()) return bad_request(wrong);
  const std::vector<std::string> texts = texts_of(order, rules);
  if (texts.empty()) return bad_request("that is no URL of http or https");
  std::size_t entries = 0;
  std::size_t fetches = 0;
  for (const std::string& text : texts) {
    const cache::PurgeReport report = store.purge({*order.by, text, order.soft});
    entries += report.entries;
    fetches += report.flights;
  }
  AdminAnswer answer;
  answer.content_type = kJsonType;
  answer.body = fmt::format("{{\"purged\": {}, \"fetches_outdated\": {}}}\n", entries, fetches);
  return answer;
}

}  // namespace sluice::server
