// SPDX-License-Identifier: MIT
#include "proxy/handlers/cache_rules.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>

#include "cache/key.h"
#include "proxy/handlers/forwarded_request.h"
#include "proxy/handlers/query_key.h"
#include "proxy/http/chars.h"
#include "proxy/http/forwarded.h"
#include "proxy/http/uri.h"

namespace sluice::handlers {

namespace {

using http::FieldId;

constexpr char kEndOfUrl = '\n';

// Fields with which a trusted proxy says what the client asked it for.
constexpr FieldId kToldByProxies[] = {FieldId::XForwardedHost, FieldId::XForwardedProto,
                                      FieldId::XForwardedPort};

// How frameworks behind a proxy are told of another path, host, scheme or method than those of the
// request. They pass, whoever sends them, so they tell responses apart: all that begin so, and
// these.
constexpr std::string_view kOverridePrefixes[] = {
    "X-Forwarded", "Forwarded-",    "X-Original-", "X-Rewrite-", "X-Proxy", "X-HTTP-",
    "X-Host",      "X-Middleware-", "X-Invoke-",   "X-Nextjs-",  "X-Now-"};
constexpr std::string_view kOverrides[] = {
    "X-Url-Scheme",  "X-Method-Override", "Front-End-Https", "Host-Override",
    "X-Script-Name", "X-Scheme",          "X-Backend-Host",  "X-Envoy-Original-Path",
    "X-Arr-Ssl",     "X-Matched-Path",    "CF-Visitor",      "CloudFront-Forwarded-Proto",
    "Fastly-SSL",    "WL-Proxy-SSL"};

struct Url {
  std::string_view path;  // normalised
  std::string_view query;
  bool has_query = false;
};

// Writes the text beside, and again into the arena where it is longer than there is room for.
class KeyWriter {
 public:
  KeyWriter(const exchange::Exchange& exchange, const CacheRules& rules, const Url& url)
      : exchange_(exchange), rules_(rules), url_(url) {}

  std::string_view write(Arena& arena) {
    std::array<char, 512> beside;
    put_all_into(beside);
    if (size_ <= beside.size()) return arena.copy({beside.data(), size_});
    put_all_into({arena.allocate(size_), size_});
    return {room_.data(), size_};
  }

 private:
  void put_all_into(std::span<char> room) {
    room_ = room;
    size_ = 0;
    put_all();
  }
  void put(std::string_view text);
  void put(char c) { put(std::string_view(&c, 1)); }

  void put_all();
  void put_authority();
  void put_field(const std::string& name);
  void put_cookie(std::string_view name);
  void put_overrides();
  void put_told_by_forwarded();

  const http::RequestHead& request() const { return exchange_.request(); }

  const exchange::Exchange& exchange_;
  const CacheRules& rules_;
  const Url& url_;
  std::span<char> room_;
  std::size_t size_ = 0;  // of the text
};

// Only counts what has no room, and all behind that.
void KeyWriter::put(std::string_view text) {
  if (size_ + text.size() <= room_.size()) text.copy(room_.data() + size_, text.size());
  size_ += text.size();
}

void KeyWriter::put_all() {
  put(exchange_.client().tls ? "https://" : "http://");
  put_authority();
  put(url_.path);
  put_query(rules_, url_.query, url_.has_query, [this](std::string_view text) { put(text); });
  put(kEndOfUrl);
  put(rules_.zone);
  for (const std::string& name : rules_.headers) put_field(name);
  for (const std::string& name : rules_.cookies) put_cookie(name);
  put_overrides();
  if (!exchange_.peer_trusted()) return;
  for (const FieldId id : kToldByProxies) {
    put(kEndOfUrl);
    for (const http::Field& field : request().fields) {
      if (field.id != id) continue;
      put(field.value);
      put(',');
    }
  }
  put_told_by_forwarded();
}

void KeyWriter::put_authority() {
  const std::string_view host = request().host;
  char lower[http::kMaxHost];
  if (!host.empty() && host.size() <= sizeof(lower)) {
    put({lower, http::canonical_host(host, lower)});
  }
  const std::string_view rest = request().authority.substr(host.size());  // ":8080", or none
  if (rest.empty()) return;
  const std::string_view port = http::canonical_port(rest.substr(1), exchange_.client().tls);
  if (port.empty()) return;
  put(':');
  put(port);
}

void KeyWriter::put_field(const std::string& name) {
  put(kEndOfUrl);
  for (const http::Field& field : request().fields) {
    if (!http::iequals(field.name, name)) continue;
    put(field.value);
    put(',');
  }
}

// Finds the cookies that some backend may take for that one (RFC 6265 4.2.1) and calls `visit` with
// each, "name=value".
template <typename Visit>
void for_each_cookie(const http::Fields& fields, std::string_view name, Visit visit) {
  for (const http::Field& field : fields) {
    if (field.id != FieldId::Cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      if (reads_as(http::trim_ows(pair.substr(0, pair.find('='))), name)) visit(pair);
    }
  }
}

void KeyWriter::put_cookie(std::string_view name) {
  put(kEndOfUrl);
  for_each_cookie(request().fields, name, [this](std::string_view pair) {
    put(http::trim_ows(pair));
    put(';');
  });
}

bool is_override(const http::Field& field) {
  if (field.id != FieldId::Other || field.name.empty()) return false;
  constexpr std::string_view kFirst = "xfcwh";
  if (kFirst.find(http::to_lower(field.name.front())) == std::string_view::npos) return false;
  const auto begins_with = [&field](std::string_view prefix) {
    return http::iequals(field.name.substr(0, prefix.size()), prefix);
  };
  const auto is = [&field](std::string_view name) { return http::iequals(field.name, name); };
  return std::any_of(std::begin(kOverridePrefixes), std::end(kOverridePrefixes), begins_with) ||
         std::any_of(std::begin(kOverrides), std::end(kOverrides), is);
}

void KeyWriter::put_overrides() {
  for (const http::Field& field : request().fields) {
    if (!is_override(field)) continue;
    put(kEndOfUrl);
    for (const char c : field.name) put(http::to_lower(c));
    put(':');
    put(field.value);
  }
}

// RFC 7239: of each element what says host and scheme, but not for whom; split without regard to
// quotes, so that none can hide it. Nothing of what the backend is not told.
void KeyWriter::put_told_by_forwarded() {
  if (!request().fields.has(FieldId::Forwarded)) return;
  if (!http::passes_forwarded(request().fields, exchange_.rules().client_field)) return;
  for (const http::Field& field : request().fields) {
    if (field.id != FieldId::Forwarded) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of(",;"), rest.size());
      const std::string_view pair = http::trim_ows(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::string_view name = pair.substr(0, pair.find('='));
      if (!http::iequals(name, "host") && !http::iequals(name, "proto")) continue;
      put(kEndOfUrl);
      put(pair);
    }
  }
}

// "A.example.:080" under http is "a.example".
bool same_authority(std::string_view a, std::string_view b, std::uint16_t default_port) {
  const std::optional<http::Authority> one = http::parse_authority(a);
  const std::optional<http::Authority> other = http::parse_authority(b);
  if (!one || !other) return false;
  char host[http::kMaxHost];
  char other_host[http::kMaxHost];
  return one->port.value_or(default_port) == other->port.value_or(default_port) &&
         std::string_view(host, http::canonical_host(one->host, host)) ==
             std::string_view(other_host, http::canonical_host(other->host, other_host));
}

bool has_scheme(std::string_view uri) {
  const std::size_t end = uri.find_first_of(":/?#");
  return end != std::string_view::npos && uri[end] == ':';
}

// RFC 3986 5.2.2: what the reference has behind the authority, as an absolute path with its query;
// nothing where it names another origin.
std::optional<std::string_view> resolve(exchange::Exchange& exchange, std::string_view uri) {
  const bool tls = exchange.client().tls;
  const std::string_view scheme = tls ? "https:" : "http:";
  if (http::iequals(uri.substr(0, scheme.size()), scheme)) {
    uri.remove_prefix(scheme.size());
    if (!uri.starts_with("//")) return std::nullopt;
  } else if (has_scheme(uri)) {
    return std::nullopt;
  }
  if (uri.starts_with("//")) {
    uri.remove_prefix(2);
    const std::string_view authority = uri.substr(0, uri.find_first_of("/?#"));
    const bool same = same_authority(authority, exchange.request().authority, tls ? 443 : 80);
    if (!same) return std::nullopt;
    return uri.substr(authority.size());
  }
  if (uri.starts_with('/')) return uri;
  const std::string_view path = exchange.path();
  const bool keeps_path = uri.empty() || uri.front() == '?' || uri.front() == '#';
  const std::string_view base = keeps_path ? path : path.substr(0, path.rfind('/') + 1);
  return exchange.arena().join({base, uri});
}

bool has_any(const http::Fields& fields, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&fields](const std::string& name) { return fields.find(name) != nullptr; });
}

bool has_any_cookie(const http::Fields& fields, const std::vector<std::string>& names) {
  bool found = false;
  for (const std::string& name : names) {
    for_each_cookie(fields, name, [&found](std::string_view) { found = true; });
  }
  return found;
}

}  // namespace

cache::Method method_for_cache(http::Method method) {
  if (method == http::Method::Get) return cache::Method::Get;
  if (method == http::Method::Head) return cache::Method::Head;
  return http::is_safe(method) ? cache::Method::Safe : cache::Method::Unsafe;
}

std::string_view cache_key_text(exchange::Exchange& exchange, const CacheRules& rules) {
  const http::RequestHead& request = exchange.request();
  const Url url{exchange.path(), request.query, request.has_query};
  return KeyWriter(exchange, rules, url).write(exchange.arena());
}

std::string_view cache_url_of(exchange::Exchange& exchange, const CacheRules& rules,
                              std::string_view uri_reference) {
  const std::optional<std::string_view> rest = resolve(exchange, uri_reference);
  if (!rest) return {};
  const std::string_view target = rest->substr(0, rest->find('#'));
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string_view path = mark == 0 ? "/" : target.substr(0, mark);
  char* const normal = exchange.arena().allocate(path.size());
  const std::optional<std::size_t> size = http::normalise_path(path, normal);
  if (!size) return {};
  const bool has_query = mark < target.size();
  const Url url{.path = {normal, *size},
                .query = has_query ? target.substr(mark + 1) : "",
                .has_query = has_query};
  return cache::url_of(KeyWriter(exchange, rules, url).write(exchange.arena()));
}

bool is_beside_cache(const exchange::Exchange& exchange, const CacheRules& rules) {
  const http::RequestHead& request = exchange.request();
  const http::Fields& fields = request.fields;
  if (request.body.has_body()) return true;
  if (!accepted_upgrade(exchange, rules.upgrades).empty()) return true;
  if (request.form == http::TargetForm::Asterisk || request.authority.empty()) return true;
  if (fields.has(FieldId::IfMatch) || fields.has(FieldId::IfUnmodifiedSince)) return true;
  return has_any(fields, rules.bypass_headers) || has_any_cookie(fields, rules.bypass_cookies);
}

bool bypasses_cache(const exchange::Exchange& exchange, const CacheRules& rules) {
  const http::Method method = exchange.request().method;
  const bool answers = (method == http::Method::Get && rules.answers_get) ||
                       (method == http::Method::Head && rules.answers_head);
  return !answers || is_beside_cache(exchange, rules);
}

}  // namespace sluice::handlers
