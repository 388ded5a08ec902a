// SPDX-License-Identifier: MIT
// The part of the table in conf/fields.h that is of the guard: limits by client, lists, the jail.
#pragma once

#include <type_traits>

#include "conf/guard.h"
#include "conf/specs.h"

namespace sluice::conf {

inline constexpr Frequency kLimitRate{1'000'000, kOff};
inline constexpr Frequency kTriggerRate{65'535, kOff};

template <typename V, Is<RateLimit> T>
void fields(V& v, T& t) {
  v.key("rate", t.rate, kLimitRate,
        "Requests of one client in a second, minute or hour; 429 above.");
  v.key("burst", t.burst, Whole{1, 1'000'000, "auto"},
        "Requests that may come at once; `auto`: as many as the rate brings in a second.");
  v.key("delay", t.delay, Whole{0, 100'000},
        "So many more wait for their turn, instead of being refused.");
  v.key("shadow", t.shadow, Flag{},
        "Refuse nobody, only count (`sluice_requests_shadowed_total`): to try a limit out.");
}

template <typename V, Is<PerIp> T>
void fields(V& v, T& t) {
  using Base = std::conditional_t<std::is_const_v<T>, const RateLimit, RateLimit>;
  fields(v, static_cast<Base&>(t));
  v.key("fields", t.fields, Flag{},
        "Tell clients what is left: `RateLimit` and `RateLimit-Policy` (an IETF draft).");
  v.key("connections", t.connections, Whole{0, 1'000'000},
        "Open connections of one client; 0: no limit.");
  v.key("connection_rate", t.connection_rate, kLimitRate,
        "New connections of one client, at once or one by one; closed without an answer above.");
  v.key("requests", t.requests, Whole{0, 1'000'000},
        "Requests of one client that are answered at the same time; 429 above; 0: no limit.");
  v.key("ipv4_prefix", t.ipv4_prefix, Whole{8, 32},
        "Leading bits by which IPv4 clients are told apart.");
  v.key("ipv6_prefix", t.ipv6_prefix, Whole{16, 128},
        "Likewise of IPv6, where one customer has a /64 at least.");
  v.key("ipv6_wide_prefix", t.ipv6_wide_prefix, Whole{0, 128},
        "A second, shared bucket for these bits; 0: none.");
  v.key("ipv6_wide_multiple", t.ipv6_wide_multiple, Whole{1, 65536},
        "How many times the rate and the burst it has.");
}

template <typename V, Is<RouteLimits> T>
void fields(V& v, T& t) {
  v.key("per_ip", t.per_ip, Object{.example = R"({ "rate": "5/s" })"},
        "A limit of this route's own; its buckets are not those of other routes.");
  v.key("cost", t.cost, Whole{1, 1000},
        "Tokens that one request of this route takes, from every bucket.");
  v.key("bandwidth", t.bandwidth, Size{16 * kKiB, kMiB * kMiB, "auto"},
        "What a connection is sent of this route, a second; `auto`: as `limits.bandwidth` says.");
}

template <typename V, Is<AccessLists> T>
void fields(V& v, T& t) {
  v.key("allow", t.allow, Strings{.or_one = true, .example = "10.0.0.0/8"},
        "Addresses, CIDR blocks, `all`, or `file:PATH` of a file with one of these three a line "
        "(`#` begins a comment), which is read again when it changes.");
  v.key("deny", t.deny, Strings{.or_one = true, .example = "203.0.113.0/24"},
        "Likewise. The longest prefix decides; who is in neither list may pass.");
}

template <typename V, Is<Access> T>
void fields(V& v, T& t) {
  using Base = std::conditional_t<std::is_const_v<T>, const AccessLists, AccessLists>;
  fields(v, static_cast<Base&>(t));
  v.key("deny_with", t.deny_with, kDenyWith,
        "`403`, or `drop`: the connection is closed without an answer, before TLS.");
}

template <typename V, Is<Jail> T>
void fields(V& v, T& t) {
  v.key("limited", t.limited, kTriggerRate,
        "Refusals by a limit of one client: of requests, and of connections.");
  v.key("wide_limited", t.wide_limited, kTriggerRate,
        "Refusals by the limit that an `ipv6_wide_prefix` shares: put all of it away, for who "
        "has more prefixes than one. It may have others in it.");
  v.key("malformed", t.malformed, kTriggerRate, "Malformed requests.");
  v.key("tls", t.tls, kTriggerRate,
        "TLS handshakes that failed by what the client sent, took too long, or were left once they "
        "had our answer. Not those that it breaks off with an alert: it may only not trust the "
        "certificate.");
  v.key("unauthorized", t.unauthorized, kTriggerRate, "Answers with status 401.");
  v.key("not_found", t.not_found, kTriggerRate, "Answers with status 404.");
  v.key("errors", t.errors, kTriggerRate, "Answers with any status from 400 to 499.");
  v.key("time", t.time, Timespan{std::chrono::seconds(1), std::chrono::days(365)},
        "For how long, at first. It doubles for who is put away again.");
  v.key("max_time", t.max_time, Timespan{std::chrono::seconds(1), std::chrono::days(365)},
        "For how long at most.");
  v.key("table", t.table, Whole{1024, 10'000'000},
        "How many can be away at once; those whose time is over soonest go first.");
  v.key(
      "file", t.file, Text{.example = "/var/lib/sluice/jail"},
      "Keeps them over a restart. A relative path counts from the configuration file's directory.");
}

}  // namespace sluice::conf
