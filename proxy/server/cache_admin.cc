// SPDX-License-Identifier: MIT
#include "proxy/server/cache_admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

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

// A sentence where something is wrong.
std::string read_order(std::string_view query, Order& order) {
  for (const auto& [name, value] : query_arguments(query)) {
    if (name == "soft") {
      order.soft = true;
      continue;
    }
    const auto* const kind =
        std::find_if(std::begin(kKinds), std::end(kKinds),
                     [&name = name](const auto& known) { return known.first == name; });
    if (kind == std::end(kKinds)) return fmt::format("\"{}\" is nothing to purge by", name);
    if (order.by) return "one thing to purge by, not two";
    if (value.empty() && kind->second != cache::Purge::By::All) {
      return fmt::format("\"{}\" is empty", name);
    }
    order.by = kind->second;
    order.text = value;
  }
  return order.by ? "" : "say what to purge: url, prefix, host, tag or all";
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

// "Example.com." -> "example.com".
std::string host_text(std::string_view host) {
  std::string text(host);
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
  const std::string_view port = authority.substr(host);
  const bool is_default = port == (scheme == "https" ? ":443" : ":80");
  return host_text(authority.substr(0, host)).append(is_default ? "" : port);
}

// Of a prefix that ends within the authority: what it begins, and, where it has the default port,
// all of that authority.
std::vector<std::string> begun_authorities(std::string_view begin, std::string_view scheme) {
  std::vector<std::string> texts = {lower(begin)};
  std::string whole = authority_text(begin, scheme);
  if (whole.size() < begin.size() && !begin.ends_with('.')) texts.push_back(whole + '/');
  return texts;
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
  std::string rest(url.substr(authority.size()));
  if (authority.empty()) return {};
  if (whole) {
    rest.resize(std::min(rest.find('#'), rest.size()));
    const std::size_t query = std::min(rest.find('?'), rest.size());
    std::string path = query == 0 ? "/" : rest.substr(0, query);
    const std::optional<std::size_t> size = http::normalise_path(path, path.data());
    if (!size) return {};
    rest = path.substr(0, *size) + rest.substr(query);
  }
  // A prefix may end within the host.
  const bool is_begin = !whole && rest.empty();
  std::vector<std::string> urls;
  urls.reserve(schemes.size());
  for (const std::string_view scheme : schemes) {
    const std::vector<std::string> texts =
        is_begin ? begun_authorities(authority, scheme)
                 : std::vector<std::string>{authority_text(authority, scheme)};
    for (const std::string& text : texts) {
      urls.push_back(fmt::format("{}://{}{}", scheme, text, rest));
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
