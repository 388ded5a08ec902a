// SPDX-License-Identifier: MIT
// Failure: why an exchange did not end well, as side × kind. failure.cc alone turns it into the
// status that the client sees, the word in the log, the Proxy-Status error (RFC 9209) and the
// verdict on trying again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/bad_message.h"

namespace sluice::exchange {

enum class Side : std::uint8_t { None, Client, Backend, Proxy };

enum class Kind : std::uint8_t {
  None,
  // the client
  Malformed,     // `message` says what
  HeadTimeout,   // the head did not come in time
  BodyTimeout,   // the body stalled
  BodyTooLarge,  // above limits.body
  Aborted,       // closed or reset before the response was complete
  SendTimeout,   // takes nothing any more, or too little
  // what was asked for
  NoRoute,
  MethodRefused,  // CONNECT and TRACE
  PathRefused,    // climbs above the root, or hides a NUL
  ReadOnly,       // another method than GET and HEAD
  FileMissing,
  FileForbidden,  // the system does not let us read it
  PreconditionFailed,
  NotCached,  // only-if-cached, and it is not
  // the backend
  NoBackend,  // none in the pool, or all ejected
  ConnectRefused,
  ConnectTimeout,
  ConnectFailed,  // unreachable, no descriptors, and the like
  ClosedEarly,    // closed or reset before any response byte
  FirstByteTimeout,
  BadResponse,     // `message` says what
  UnaskedUpgrade,  // 101 without a request for it
  ReadTimeout,     // a body that stalled
  Truncated,       // a body cut short
  // ourselves
  // no descriptor, port or memory for a connection to a backend; no room for a response that others
  // read along
  Exhausted,
  BufferFailed,  // the disk did not take, or give back, a collected body
  FileFailed,    // one that was to be sent cannot be read, or became shorter
  FilterFailed,  // a body filter had no memory
  TunnelIdle,    // nothing flowed, either way
  TotalTimeout,  // the whole exchange took too long
  Draining,
  // who may not, or not so often
  AccessDenied,  // by address
  Jailed,        // put away for what was done before
  RateLimited,
  PrefixRateLimited,  // he and his neighbours together
  TooManyAtOnce,      // requests of one client
  ListenerBusy,       // requests of all of its clients
};
inline constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::ListenerBusy) + 1;

struct Failure {
  Side side = Side::None;
  Kind kind = Kind::None;
  http::BadMessage message{};  // meaningful for Malformed and BadResponse

  explicit operator bool() const { return kind != Kind::None; }
};

enum class Retry : std::uint8_t {
  Never,
  OtherBackend,      // nothing was sent: always safe
  OnceIfIdempotent,  // may have been acted upon: only for idempotent methods
};

// What the client gets, unless response bytes have reached it already. 499 is never sent: the log's
// word for a client that left.
int status_of(const Failure& failure);

// One word for the access log: "connect_refused"; "ok" for no failure.
std::string_view word_of(const Failure& failure);

// RFC 9209 2.3: the error of the Proxy-Status field; empty when the client is to blame for nothing
// that has a name there.
std::string_view proxy_status_of(const Failure& failure);

Retry retry_of(const Failure& failure);

// Whether it is of a kind that counts against the backend's health (max_fails), unless who saw it
// happen knows better.
bool blames_backend(const Failure& failure);

}  // namespace sluice::exchange
