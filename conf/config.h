// SPDX-License-Identifier: MIT
// The whole configuration as plain values: what the operator wrote, each field beside its default,
// its unit and the reason for the default. conf/schema.cc binds every field to its key, range and
// documentation; conf/load.h fills these structs from a file. Immutable once loaded; any thread may
// read it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conf/guard.h"
#include "conf/quantities.h"

namespace sluice::conf {

struct Certificate {
  std::string cert;  // PEM chain, leaf first, as certbot's fullchain.pem
  std::string key;   // PEM private key

  bool operator==(const Certificate&) const = default;
};

enum class TlsVersion { Tls12, Tls13 };

struct ListenerTls {
  std::vector<Certificate> certificates;       // the first is the default (no SNI, or no match)
  TlsVersion min_version = TlsVersion::Tls12;  // Mozilla intermediate 5.8

  bool operator==(const ListenerTls&) const = default;
};

struct Listener {
  // "0.0.0.0:80", ":80" or "[::]:80" (all of v4 and v6), "unix:/run/sluice.sock"
  std::string address;
  std::string name;  // for routes[].match.listeners; empty: the address serves as name
  std::optional<ListenerTls> tls;
  bool defer_accept = false;    // TCP_DEFER_ACCEPT: a connection comes with its first bytes
  bool proxy_protocol = false;  // connections begin with a PROXY header; only of trusted_proxies
  int connections = 0;          // open at once, of all clients and workers; 0: no limit
  Rate connection_rate{};       // new ones, likewise
  int requests = 0;             // under way at the same time, likewise

  bool operator==(const Listener&) const = default;
};

enum class Policy { RoundRobin, LeastConnections };

struct Backend {
  std::string address;  // "10.0.0.1:80", "[::1]:80", "name.example:80", "unix:/run/app.sock"
  int weight = 1;       // 1..256

  bool operator==(const Backend&) const = default;
};

struct Pool {
  Policy policy = Policy::RoundRobin;
  std::vector<Backend> backends;
  int max_fails = 1;                                 // nginx's default; 0 never ejects
  Duration fail_timeout = std::chrono::seconds(10);  // window of max_fails, and time put aside
  int keepalive = 32;  // idle connections kept, per backend and worker
  Duration keepalive_timeout = std::chrono::seconds(60);  // keep below the backend's own

  bool operator==(const Pool&) const = default;
};

struct Match {
  std::vector<std::string> hosts;      // "a.example", "*.example"; empty: any host
  std::vector<std::string> paths;      // "/exact" or "/prefix/*"; empty: any path
  std::vector<std::string> listeners;  // names or addresses; empty: every listener

  bool operator==(const Match&) const = default;
};

struct Forward {
  std::string pool;

  bool operator==(const Forward&) const = default;
};

struct Redirect {
  std::string to;  // may hold ${scheme} ${host} ${path} ${query} ${uri}
  int status = 308;

  bool operator==(const Redirect&) const = default;
};

struct Respond {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";

  bool operator==(const Respond&) const = default;
};

// Files below a directory.
struct Files {
  std::string root;
  std::vector<std::string> index{"index.html"};  // what stands for a directory, the first there is
  std::vector<std::string> fallbacks;            // paths to try for what is not there
  bool listing = false;        // a directory without an index is listed; off, as names tell much
  bool precompressed = false;  // NAME.br, .zst and .gz beside what is text
  std::map<std::string, std::string> types;  // "geojson" -> "application/geo+json", before ours

  bool operator==(const Files&) const = default;
};

// What of a request tells two stored responses apart, besides scheme, host and path.
struct CacheKey {
  std::vector<std::string> query{"*"};  // arguments that count; "*": all, as they stand
  std::vector<std::string> headers;
  std::vector<std::string> cookies;

  bool operator==(const CacheKey&) const = default;
};

// For how long a response may be used after its freshness is over, where it does not say so itself
// (RFC 5861).
struct CacheStale {
  Duration while_revalidate{};
  Duration if_error{};

  bool operator==(const CacheStale&) const = default;
};

// Requests that have one of these neither ask the cache nor fill it.
struct CacheBypass {
  std::vector<std::string> headers;
  std::vector<std::string> cookies;

  bool operator==(const CacheBypass&) const = default;
};

// The responses of a route are kept as RFC 9111 allows; what stands here is the operator's word.
struct RouteCache {
  std::map<std::string, std::string>
      ttl;  // "200" or "any" -> "10m"; instead of what it says itself
  CacheStale stale;
  CacheKey key;
  std::vector<std::string> vary;  // fields of the request that select, as if each response said so
  CacheBypass bypass;
  Bytes max_object = 0;  // 0: cache.max_object
  std::vector<std::string> methods{"GET", "HEAD"};
  bool set_cookie = false;  // keep what sets cookies; off, as one client's would go to all

  bool operator==(const RouteCache&) const = default;
};

// What a route sends is compressed for the clients that take it.
struct Compress {
  std::vector<std::string> encodings{"br", "zstd", "gzip"};  // the best first
  // "text/html", "text/*", "application/*+json"; what is compressed in itself is better left out.
  std::vector<std::string> types{"text/*",
                                 "application/json",
                                 "application/*+json",
                                 "application/javascript",
                                 "application/x-javascript",
                                 "application/xml",
                                 "application/*+xml",
                                 "application/wasm",
                                 "application/yaml",
                                 "application/x-ndjson",
                                 "application/rtf",
                                 "application/vnd.apple.mpegurl",
                                 "application/vnd.ms-fontobject",
                                 "font/otf",
                                 "font/ttf",
                                 "image/svg+xml",
                                 "image/bmp",
                                 "image/vnd.microsoft.icon",
                                 "image/x-icon"};
  Bytes min_size = 1024;  // below it the gain is less than a packet
  // 1 (fast) to 9 (small). At 4 brotli and zstd keep up with a fast network.
  int level = 4;

  bool operator==(const Compress&) const = default;
};

struct HeaderEdits {
  std::map<std::string, std::string> add;  // appended, keeping what is there
  std::map<std::string, std::string> set;  // replaces every field of that name
  std::vector<std::string> remove;

  bool operator==(const HeaderEdits&) const = default;
};

struct RequestHeaderEdits : HeaderEdits {
  // Names with _ or . that may pass. All others are dropped: backends fold both into -, and would
  // take X_Forwarded_For for the field that only a proxy may write.
  std::vector<std::string> allow;

  bool operator==(const RequestHeaderEdits&) const = default;
};

struct Headers {
  RequestHeaderEdits request;
  HeaderEdits response;

  bool operator==(const Headers&) const = default;
};

struct Route {
  Match match;
  std::optional<Forward> forward;  // exactly one of the four actions is set
  std::optional<Files> files;
  std::optional<Redirect> redirect;
  std::optional<Respond> respond;
  std::optional<RouteCache> cache;            // of what is forwarded
  std::optional<Compress> compress;           // not of redirects
  std::string strip_prefix;                   // taken off the front of the forwarded path
  std::optional<std::string> replace_prefix;  // stands where the matched prefix stood
  bool buffer = false;   // the whole request body is collected before a backend is taken
  bool connect = false;  // CONNECT is forwarded; off, as whoever may connect may go anywhere
  std::vector<std::string> upgrade{"websocket"};  // protocols that a client may switch to
  Headers headers;
  RouteLimits limits;
  AccessLists access;

  bool operator==(const Route&) const = default;
};

struct Timeouts {
  Duration tls_handshake = std::chrono::seconds(10);
  Duration request_head = std::chrono::seconds(10);  // absolute, from the first byte: slow heads
  Duration request_body = std::chrono::seconds(10);  // behind limits.body_rate, or silent
  Duration idle = std::chrono::seconds(60);          // keep-alive connection between requests
  Duration send = std::chrono::seconds(30);          // takes nothing, or less than send_rate
  Duration connect = std::chrono::seconds(5);
  Duration first_byte = std::chrono::seconds(60);    // request sent -> response head complete
  Duration backend_read = std::chrono::seconds(60);  // between two reads of a response body
  Duration total{};  // a whole exchange; 0: none, as nobody knows how long a download may take
  Duration tunnel = std::chrono::hours(1);    // nothing flows either way
  Duration drain = std::chrono::seconds(30);  // SIGTERM -> exit, at the latest

  bool operator==(const Timeouts&) const = default;
};

struct Limits {
  Bytes request_line = 8 * 1024;  // 414 above
  Bytes field = 16 * 1024;        // 431 above: one header field line
  Bytes head = 32 * 1024;         // 431 above: the whole head
  int fields = 100;               // 431 above
  Bytes body = 0;                 // 413 above; 0: no limit (bodies are streamed)
  Bytes body_rate = 240;          // a second; below, slow bodies end (Kestrel's floor); 0: none
  Bytes send_rate = 240;          // likewise of responses, by who takes them; 0: none
  Bytes bandwidth = 0;            // a second and connection, the most that is sent; 0: no limit
  int connections = 0;            // open client connections per worker; 0: as descriptors allow
  PerIp per_ip;
  int table = 1'000'000;  // buckets of clients: 16 MiB, untouched until they are used

  bool operator==(const Limits&) const = default;
};

// How much of a body is held. A request is collected up to `request` before a backend is taken, so
// that slow clients hold none; a response is read ahead up to `response`, so that the backend is
// free while a slow client reads on. Above, bodies are streamed: the sender is paused, and goes on
// at half.
struct Buffers {
  Bytes request = 64 * 1024;
  Bytes response = 256 * 1024;
  Bytes disk = 1024 * 1024 * 1024;     // for routes with `buffer`: of one body; 413 above
  std::string directory = "/var/tmp";  // where it lies, without a name, until its request ends

  bool operator==(const Buffers&) const = default;
};

// The store that the routes with a cache share.
struct Cache {
  Bytes size = 256 * 1024 * 1024;  // all of it: bodies, heads, and what finds them
  Bytes max_object = 0;            // 0: "auto", a sixteenth of the size

  bool operator==(const Cache&) const = default;
};

struct Resolver {
  std::vector<std::string> servers;            // "127.0.0.1:53"; empty: /etc/resolv.conf
  Duration timeout = std::chrono::seconds(2);  // one try
  Duration min_ttl = std::chrono::seconds(1);  // floor of a record's TTL
  Duration max_ttl = std::chrono::minutes(5);  // ceiling of it; also for names without a TTL

  bool operator==(const Resolver&) const = default;
};

enum class AccessLogFormat { Combined, Json, Off };

struct AccessLog {
  std::string path = "stdout";  // or "stderr", or a file, reopened on SIGHUP
  AccessLogFormat format = AccessLogFormat::Combined;

  bool operator==(const AccessLog&) const = default;
};

enum class LogLevel { Error, Warn, Info, Debug };

struct ErrorLog {
  LogLevel level = LogLevel::Info;  // to stderr

  bool operator==(const ErrorLog&) const = default;
};

// The operator's own listener: metrics, readiness. Who reaches it is believed, so it stays on this
// machine, or asks for a token.
struct Admin {
  std::string address;
  std::string token;       // sent as "Authorization: Bearer TOKEN"
  std::string token_file;  // that holds it, so that the configuration need not

  bool operator==(const Admin&) const = default;
};

enum class ClientHeader { XForwardedFor, Forwarded };

struct Config {
  int workers = 0;  // 0: "auto", one per core the process may use
  std::vector<Listener> listeners;
  std::map<std::string, Pool> pools;
  std::vector<Route> routes;
  std::vector<std::string> trusted_proxies;  // CIDR or addresses; empty: nobody's X-Forwarded-For
  ClientHeader client_header = ClientHeader::XForwardedFor;  // where they say who the client is
  Timeouts timeouts;
  Limits limits;
  Access access;
  std::optional<Jail> jail;  // none: nobody is put away
  Buffers buffers;
  Cache cache;
  Resolver resolver;
  AccessLog access_log;
  ErrorLog error_log;
  std::optional<Admin> admin;  // none: nothing listens

  bool operator==(const Config&) const = default;
};

}  // namespace sluice::conf
