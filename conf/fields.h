// SPDX-License-Identifier: MIT
// THE table of the configuration: every key, the member it fills, what may stand there, and what it
// is for. Reading, printing, the JSON Schema and the reference are visitors of this one table, so
// none of them can forget a key or know another range; defaults are those of the structs.
//
// The keys of the guard are in conf/fields_guard.h.
//
// A visitor has `template <M, S> void key(name, M& member, const S& spec, doc)`; the spec's type
// says how the member is written in JSON. `fields(visitor, object)` calls it once per key, in the
// order of the documentation. To add a key: a member in config.h and one line here.
#pragma once

#include <string_view>
#include <type_traits>

#include "conf/config.h"
#include "conf/fields_guard.h"
#include "conf/specs.h"

namespace sluice::conf {

template <typename V, Is<Certificate> T>
void fields(V& v, T& t) {
  v.key("cert", t.cert, Text{.required = true, .example = "fullchain.pem"},
        "PEM file with the certificate chain, leaf first. A relative path counts from the "
        "configuration file's directory.");
  v.key("key", t.key, Text{.required = true, .example = "privkey.pem"},
        "PEM file with the private key, without a passphrase.");
}

template <typename V, Is<ListenerTls> T>
void fields(V& v, T& t) {
  v.key("certificates", t.certificates, Objects{.required = true},
        "Chosen by the name that the client asks for (SNI); the first is the default.");
  v.key("min_version", t.min_version, kTlsVersions, "Oldest TLS version accepted.");
}

template <typename V, Is<Listener> T>
void fields(V& v, T& t) {
  v.key("address", t.address, Text{.required = true, .example = ":443"},
        "Where to accept connections: `:80` or `[::]:80` (all addresses, IPv4 and IPv6), "
        "`0.0.0.0:80` "
        "(all of IPv4), `127.0.0.1:8080` or `unix:/run/sluice.sock`. Port 0 takes a free one.");
  v.key("name", t.name, Text{.example = "https"},
        "What `match.listeners` calls it; without one, its address.");
  v.key("tls", t.tls, Object{}, "Makes it an HTTPS listener.");
  v.key(
      "defer_accept", t.defer_accept, Flag{},
      "The system hands a TCP connection over together with its first bytes, which makes a new one "
      "a third cheaper; one that says nothing comes a second later. But one that has said nothing "
      "yet is lost when Sluice stops.");
  v.key("proxy_protocol", t.proxy_protocol, Flag{},
        "Connections begin with a PROXY protocol header (version 1 or 2), which says who the "
        "client is; where it names nobody, it is the peer, and no field is believed. Only "
        "`trusted_proxies` may connect.");
  v.key("connections", t.connections, Whole{0, 10'000'000},
        "Open connections of all clients; closed without an answer above; 0: no limit.");
  v.key("connection_rate", t.connection_rate, kLimitRate, "New connections of all clients.");
  v.key("requests", t.requests, Whole{0, 10'000'000},
        "Requests of all clients that are under way at the same time; 503 above; 0: no limit.");
}

template <typename V, Is<Backend> T>
void fields(V& v, T& t) {
  v.key("address", t.address, Text{.required = true, .example = "10.0.0.1:8080"},
        "`10.0.0.1:8080`, `[2001:db8::1]:8080`, `app.example:8080` (resolved again as its TTL "
        "ends) or `unix:/run/app.sock`.");
  v.key("weight", t.weight, Whole{1, 256}, "Its share of the requests, relative to the others.");
}

template <typename V, Is<Pool> T>
void fields(V& v, T& t) {
  v.key("policy", t.policy, kPolicies,
        "`round_robin` takes turns; `least_connections` picks the one with the fewest requests in "
        "flight, by weight.");
  v.key("backends", t.backends, Objects{.required = true, .shorthand = "address"},
        "A string is a backend with only an address.");
  v.key("max_fails", t.max_fails, Whole{0, 1000},
        "Failed requests within `fail_timeout` after which a backend is put aside; 0: never.");
  v.key("fail_timeout", t.fail_timeout, kTimeout,
        "The time in which `max_fails` are counted, and for which a backend is put aside.");
  v.key("keepalive", t.keepalive, Whole{0, 65536},
        "Idle connections kept open, per backend and worker; 0: none.");
  v.key("keepalive_timeout", t.keepalive_timeout, kTimeout,
        "How long one is kept idle. Choose less than the backend's own.");
}

template <typename V, Is<Match> T>
void fields(V& v, T& t) {
  v.key("host", t.hosts, Strings{.or_one = true, .example = "*.example.com"},
        "Host names without a port; `*.a.example` is every name below `a.example`, at any depth. "
        "None: "
        "any.");
  v.key("path", t.paths, Strings{.or_one = true, .example = "/static/*"},
        "`/exact`, or `/prefix/*` for `/prefix` and all that is below. None: any.");
  v.key("listeners", t.listeners, Strings{.or_one = true, .example = "https"},
        "Names (or addresses) of the listeners the route belongs to. None: all.");
}

template <typename V, Is<Forward> T>
void fields(V& v, T& t) {
  v.key("pool", t.pool, Text{.required = true, .example = "shop"}, "Name of a pool.");
}

template <typename V, Is<Redirect> T>
void fields(V& v, T& t) {
  v.key("to", t.to, Text{.required = true, .example = "https://${host}${uri}"},
        "The Location. `${scheme}`, `${host}`, `${path}`, `${query}` and `${uri}` (path and query) "
        "stand for the request's.");
  v.key("status", t.status, kRedirectStatuses,
        "308 and 301 are permanent; 307 and 308 keep the method.");
}

template <typename V, Is<Respond> T>
void fields(V& v, T& t) {
  v.key("status", t.status, Whole{200, 599}, "Status code.");
  v.key("body", t.body, Text{.free = true, .example = "ok\n"}, "The content, as it stands.");
  v.key("content_type", t.content_type, Text{}, "Its media type.");
}

template <typename V, Is<Files> T>
void fields(V& v, T& t) {
  v.key("root", t.root, Text{.required = true, .example = "/srv/www"},
        "The directory; nothing outside of it is ever sent, wherever a link leads. A relative path "
        "counts from the configuration file's directory.");
  v.key("index", t.index, Strings{.or_one = true, .example = "index.html"},
        "Names of files that stand for the directory they are in: the first that is there.");
  v.key("try", t.fallbacks, Strings{.or_one = true, .example = "/index.html"},
        "Paths of files below the root to send for what is not there, as applications with routes "
        "of their own want it. Hidden names and links that lead out of the root are 404 all the "
        "same.");
  v.key("listing", t.listing, Flag{},
        "List directories that have no index, but for what is hidden.");
  v.key("precompressed", t.precompressed, Flag{},
        "Send `NAME.br`, `NAME.zst` or `NAME.gz`, if it is not older, to clients that take it "
        "instead of a text.");
  v.key("types", t.types, StringMap{},
        "Media types by the end of a file's name, as `{ \"geojson\": \"application/geo+json\" }`, "
        "before those that are known; what neither knows is `application/octet-stream`.");
}

template <typename V, Is<CacheKey> T>
void fields(V& v, T& t) {
  v.key("query", t.query, Strings{.or_one = true, .example = "page"},
        "Arguments of the query that tell two resources apart; others are ignored. Of one with an "
        "index, as `a[x]`, all of `a` do. `*`: all, in their order; `[]`: none.");
  v.key("headers", t.headers, Strings{.or_one = true, .example = "X-Tenant"},
        "Names of request fields whose values do.");
  v.key("cookies", t.cookies, Strings{.or_one = true, .example = "lang"},
        "Names of cookies whose values do.");
}

template <typename V, Is<CacheStale> T>
void fields(V& v, T& t) {
  v.key("while_revalidate", t.while_revalidate, kAllowance,
        "For so long after its freshness a response is sent at once and validated meanwhile.");
  v.key("if_error", t.if_error, kAllowance,
        "For so long after its freshness a response stands in for a pool that fails.");
}

template <typename V, Is<CacheBypass> T>
void fields(V& v, T& t) {
  v.key("headers", t.headers, Strings{.or_one = true, .example = "X-Preview"},
        "Names of request fields.");
  v.key("cookies", t.cookies, Strings{.or_one = true, .example = "session"}, "Names of cookies.");
}

template <typename V, Is<RouteCache> T>
void fields(V& v, T& t) {
  v.key(
      "ttl", t.ttl, StringMap{},
      "Lifetimes by status, as `{ \"200\": \"10m\", \"any\": \"10s\" }`, in whole seconds, "
      "365d at most, instead of those that the responses name. \"any\" is none of 400 to 499 but "
      "404, 410 and "
      "451: what is wrong with one client's request would be everybody's answer. What must not be "
      "stored still is not.");
  v.key("stale", t.stale, Object{},
        "For responses that say nothing of it themselves; in whole seconds.");
  v.key("key", t.key, Object{}, "What tells two resources apart, besides scheme, host and path.");
  v.key("vary", t.vary, Strings{.or_one = true, .example = "Accept-Language"},
        "Names of request fields by which each response is selected, as if its Vary named them; "
        "eight at most.");
  v.key("bypass", t.bypass, Object{},
        "Requests that have one of these neither ask the cache nor fill it.");
  v.key("max_object", t.max_object, Size{1, kMiB * kMiB, "auto"},
        "Larger bodies are not kept; `auto`: `cache.max_object`.");
  v.key("methods", t.methods, Strings{.or_one = true, .example = "GET"},
        "Methods answered from the cache: `GET`, `HEAD`.");
  v.key("set_cookie", t.set_cookie, Flag{},
        "Keep responses with Set-Cookie, too: the cookie of one client goes to all.");
}

template <typename V, Is<Compress> T>
void fields(V& v, T& t) {
  v.key("encodings", t.encodings, Strings{.or_one = true, .example = "gzip"},
        "`br`, `zstd`, `gzip`: the one that the client likes best, of equals the first here.");
  v.key("types", t.types, Strings{.or_one = true, .example = "text/*"},
        "Media types; one `*` behind the slash stands for anything.");
  v.key("min_size", t.min_size, Size{1, kMiB * kMiB},
        "Smaller bodies are sent as they are. One whose size is not known before is compressed.");
  v.key("level", t.level, Whole{1, 9}, "1 is fast, 9 is small; alike for all encodings.");
}

template <typename V, Is<HeaderEdits> T>
void fields(V& v, T& t) {
  v.key("add", t.add, StringMap{}, "Fields appended, beside those of the same name.");
  v.key("set", t.set, StringMap{}, "Fields that replace all of the same name.");
  v.key("remove", t.remove, Strings{.example = "Server"}, "Names of fields taken out.");
}

template <typename V, Is<RequestHeaderEdits> T>
void fields(V& v, T& t) {
  using Base = std::conditional_t<std::is_const_v<T>, const HeaderEdits, HeaderEdits>;
  fields(v, static_cast<Base&>(t));
  v.key("allow", t.allow, Strings{.example = "X_Api_Key"},
        "Names with `_` or `.` that clients may send; others are dropped, as backends take them "
        "for names with `-`.");
}

template <typename V, Is<Headers> T>
void fields(V& v, T& t) {
  v.key("request", t.request, Object{}, "Edits of what the backend receives.");
  v.key("response", t.response, Object{},
        "Edits of what the client receives. On an error page, and a 416 of Sluice's own, those of "
        "`Cache-Control`, `Expires`, `ETag`, `Last-Modified` and `Content-*` are left out: it is "
        "not what they are of. `multipart/byteranges` stays, whatever is done to `Content-Type`.");
}

template <typename V, Is<Route> T>
void fields(V& v, T& t) {
  v.key("match", t.match, Object{},
        "Which requests. The most specific host wins, then the longest path; order never matters.");
  v.key("forward", t.forward, Object{.example = R"({ "pool": "shop" })"},
        "Send the request to a pool.");
  v.key("files", t.files, Object{.example = R"({ "root": "/srv/www" })"},
        "Answer with files from a directory.");
  v.key("redirect", t.redirect, Object{.example = R"({ "to": "https://${host}${uri}" })"},
        "Send the client elsewhere.");
  v.key("respond", t.respond, Object{.example = R"({ "status": 404 })"}, "Answer at once.");
  v.key("cache", t.cache, Object{.example = "{}"},
        "Keep responses of the pool in memory, as RFC 9111 allows, and answer with them.");
  v.key("compress", t.compress, Object{.example = "{}"},
        "Compress what clients take compressed, but nothing twice, no part of a whole, and no "
        "event stream.");
  v.key("strip_prefix", t.strip_prefix, Text{.example = "/static"},
        "Taken off the front of the path before it is forwarded.");
  v.key("replace_prefix", t.replace_prefix, Text{.example = "/v2"},
        "Stands in the forwarded path where the matched prefix stood.");
  v.key("buffer", t.buffer, Flag{},
        "Collect the whole request body, on disk above `buffers.request`, before a backend is "
        "taken.");
  v.key("upgrade", t.upgrade, Strings{.or_one = true, .example = "websocket"},
        "Protocols that a client may switch to (`Upgrade`); the connection becomes a tunnel. `[]`: "
        "none.");
  v.key("connect", t.connect, Flag{},
        "Forward CONNECT to the pool, and tunnel when it agrees. The host of the match is the one "
        "asked for.");
  v.key("headers", t.headers, Object{}, "Edits of header fields.");
  v.key("limits", t.limits, Object{}, "What one client may ask of this route, beside `limits`.");
  v.key("access", t.access, Object{}, "Who may use this route, of those that `access` lets in.");
}

template <typename V, Is<Timeouts> T>
void fields(V& v, T& t) {
  v.key("tls_handshake", t.tls_handshake, kTimeout, "For the whole TLS handshake.");
  v.key("request_head", t.request_head, kTimeout,
        "For the whole request head, from its first byte.");
  v.key("request_body", t.request_body, kTimeout,
        "For a client that sends no more of a request body, or less than `limits.body_rate`: how "
        "far it may fall behind.");
  v.key("idle", t.idle, kTimeout, "For a kept-alive connection between two requests.");
  v.key("send", t.send, kTimeout,
        "For a client that takes no more of a response, or less than `limits.send_rate` in all of "
        "that time.");
  v.key("connect", t.connect, kTimeout, "For a connection to a backend.");
  v.key("first_byte", t.first_byte, kTimeout,
        "For the backend's response head, from the end of the request.");
  v.key("backend_read", t.backend_read, kTimeout,
        "For a backend that sends no more of a response body.");
  v.key("total", t.total, kOptionalTimeout,
        "For a whole exchange, from the first byte of the request to the last of the response; 504 "
        "if no response has begun, else it is cut. Tunnels may take longer.");
  v.key("tunnel", t.tunnel, kTimeout,
        "For an upgraded connection on which nothing flows, either way.");
  v.key("drain", t.drain, kTimeout, "For requests in flight when the process is asked to end.");
}

template <typename V, Is<Limits> T>
void fields(V& v, T& t) {
  v.key("request_line", t.request_line, Size{128, kMiB}, "Request line; 414 above.");
  v.key("field", t.field, Size{128, kMiB}, "One header field line; 431 above.");
  v.key("head", t.head, Size{512, 16 * kMiB}, "The whole request head; 431 above.");
  v.key("fields", t.fields, Whole{8, 10000}, "Header fields of a request; 431 above.");
  v.key("body", t.body, Size{1, kMiB * kMiB, kOff},
        "Request body; 413 above. Bodies are streamed, so none is needed to save memory.");
  v.key("body_rate", t.body_rate, Size{1, kMiB, kOff},
        "Of a request body, a second: the least that a client has to keep up; 408 when it is "
        "`timeouts.request_body` behind.");
  v.key("send_rate", t.send_rate, Size{1, kMiB, kOff},
        "Of a response, a second: the least that a client has to take while something waits for "
        "it, by what its system has acknowledged; who takes less for `timeouts.send` is cut off.");
  v.key("bandwidth", t.bandwidth, Size{16 * kKiB, kMiB * kMiB, kOff},
        "Of responses, a second: the most that a TCP connection is sent, behind the ten packets "
        "that it is sent at first. A client may have `per_ip.connections` of them.");
  v.key("connections", t.connections, Whole{0, 10'000'000},
        "Open client connections per worker; above, they wait. 0: as many as leave each of them a "
        "file descriptor for its backend, and the process some for itself.");
  v.key("per_ip", t.per_ip, Object{.example = R"({ "rate": "100/s", "burst": 200 })"},
        "What one client may do, all workers together.");
  v.key("table", t.table, Whole{1024, 100'000'000},
        "Clients whose buckets are kept, 16 bytes each. When there are more, those that have done "
        "least go; who has used up his share stays.");
}

template <typename V, Is<Buffers> T>
void fields(V& v, T& t) {
  v.key("request", t.request, Size{4 * kKiB, 64 * kMiB},
        "Of a request body: a backend is taken once so much has come, or all. Above it the client "
        "is paused, until half is sent.");
  v.key("response", t.response, Size{4 * kKiB, 64 * kMiB},
        "Of a response body, read ahead of a slow client: above it the backend is paused, until "
        "half is sent. With more than 256KiB, large responses pass through memory, never through "
        "pipes (splice).");
  v.key("disk", t.disk, Size{kMiB, kMiB * kMiB},
        "Of one request body that a route collects (`buffer`); 413 above.");
  v.key("directory", t.directory, Text{.example = "/var/tmp"}, "Where such a body lies.");
}

template <typename V, Is<Cache> T>
void fields(V& v, T& t) {
  v.key("size", t.size, Size{kMiB, kMiB * kMiB},
        "Memory for what is stored, all of it counted. The least recently used has to go.");
  v.key("max_object", t.max_object, Size{1, kMiB * kMiB, "auto"},
        "Larger bodies are not kept; `auto`: a sixteenth of `size`.");
}

template <typename V, Is<Resolver> T>
void fields(V& v, T& t) {
  v.key("servers", t.servers, Strings{.example = "127.0.0.1:53"},
        "DNS servers as `IP` or `IP:port`. None: those of /etc/resolv.conf.");
  v.key("timeout", t.timeout, Timespan{std::chrono::milliseconds(1), std::chrono::minutes(1)},
        "For one try.");
  v.key("min_ttl", t.min_ttl, kTimeout, "A shorter TTL counts as this.");
  v.key("max_ttl", t.max_ttl, kTimeout, "A longer TTL counts as this.");
}

template <typename V, Is<AccessLog> T>
void fields(V& v, T& t) {
  v.key("path", t.path, Text{.example = "/var/log/sluice/access.log"},
        "`stdout`, `stderr` or a file, opened again on SIGHUP.");
  v.key("format", t.format, kAccessLogFormats, "One line per request, or nothing.");
}

template <typename V, Is<ErrorLog> T>
void fields(V& v, T& t) {
  v.key("level", t.level, kLogLevels, "What is worth a line on stderr.");
}

template <typename V, Is<Admin> T>
void fields(V& v, T& t) {
  v.key("address", t.address, Text{.required = true, .example = "127.0.0.1:9901"},
        "As a listener's, but no listener's. Others than the machine's own (`127.0.0.1`, `[::1]`) "
        "and `unix:` need a token.");
  v.key("token", t.token, Text{.example = "a long random text"},
        "What requests have to bring as `Authorization: Bearer TOKEN`.");
  v.key("token_file", t.token_file, Text{.example = "admin.token"},
        "A file that holds it, read at start and reload. A relative path counts from the "
        "configuration file's directory.");
}

template <typename V, Is<Config> T>
void fields(V& v, T& t) {
  v.key("workers", t.workers, Whole{1, 256, "auto"},
        "Threads that serve; `auto`: one per core the process may use.");
  v.key("listeners", t.listeners, Objects{.required = true}, "Where clients connect.");
  v.key("pools", t.pools, NamedObjects{}, "Groups of backends, each under its name.");
  v.key("routes", t.routes, Objects{.required = true}, "Which request goes where.");
  v.key("trusted_proxies", t.trusted_proxies, Strings{.example = "10.0.0.0/8"},
        "Addresses or CIDR blocks whose X-Forwarded-For is believed. None: nobody's.");
  v.key("client_header", t.client_header, kClientHeaders,
        "The field in which `trusted_proxies` say who the client is. The other one is not looked "
        "at, nor passed on as it came: a proxy passes on what it does not write itself.");
  v.key("timeouts", t.timeouts, Object{}, "All have safe defaults.");
  v.key("limits", t.limits, Object{}, "What one client may ask for.");
  v.key("access", t.access, Object{.example = R"({ "deny": [ "203.0.113.0/24" ] })"},
        "Who may connect at all.");
  v.key("jail", t.jail, Object{.example = "{}"},
        "Put clients away for a while who do too much of what nobody should. Without it nobody is. "
        "Those in `access.allow` and `trusted_proxies` never are.");
  v.key("buffers", t.buffers, Object{}, "How much of a body is held.");
  v.key("cache", t.cache, Object{}, "The store of all routes with a `cache`.");
  v.key("resolver", t.resolver, Object{}, "How backend names become addresses.");
  v.key("access_log", t.access_log, Object{}, "A line per request.");
  v.key("error_log", t.error_log, Object{}, "What the proxy says about itself.");
  v.key("admin", t.admin, Object{},
        "A listener of the operator's own: metrics, readiness. Without it there is none.");
}

// A key at the top level that editors use and the configuration ignores.
inline constexpr std::string_view kSchemaKey = "$schema";

}  // namespace sluice::conf
