// SPDX-License-Identifier: MIT
// Policy: RFC 9111 for a shared cache as pure functions of field values and times. May this
// response be stored, how long is it fresh, may that stored response answer this request. No clock
// is read, nothing allocates, no state is kept: any thread may call anything. Views borrow from the
// caller.
//
// Times are whole seconds since 1970. Dates come parsed, as a cache knows no HTTP grammar. Where a
// message contradicts itself or cannot be read, the stricter reading holds.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "cache/cache_control.h"

namespace sluice::cache {

using Time = std::int64_t;

// Safe: OPTIONS, TRACE. Unsafe: the others that change something, and all unknown ones.
enum class Method : std::uint8_t { Get, Head, Safe, Unsafe };

// A field that holds a date: not there, there and unreadable, or a time.
struct Date {
  static constexpr Date at(Time time) { return {true, true, time}; }
  static constexpr Date malformed() { return {true, false, 0}; }

  bool present = false;
  bool readable = false;
  Time time = 0;
};

// Of a field that stands several times: the earliest, and nothing readable where one is not. Right
// for Date and Expires; several Last-Modified are Date::malformed().
Date earliest(Date a, Date b);

struct RequestFacts {
  Method method = Method::Get;
  RequestControl control;
  bool has_authorization = false;
};

// Cache-Control; where that field is not there at all, Pragma (RFC 9111 5.4).
RequestControl request_control(std::span<const std::string_view> cache_control,
                               std::span<const std::string_view> pragma);

// Each span holds the values of the field's lines, in their order; empty: the field is not there.
// To freshen a stored response with a 304, give what they say together (the 304's fields where it
// has them) and the stored status.
struct ResponseFacts {
  int status = 0;
  std::span<const std::string_view> cache_control;
  // RFC 9213: where it can be read it stands for Cache-Control and Expires together.
  std::span<const std::string_view> cdn_cache_control;
  std::span<const std::string_view> age;
  std::span<const std::string_view> vary;
  Date date;
  Date expires;
  Date last_modified;
  bool has_etag = false;
  bool has_set_cookie = false;
};

// The operator's lifetime for a status; 0 is any that no other row names, but those by which an
// origin answers one client's request rather than says what there is: of the client's errors only
// 404, 410 and 451.
struct StatusLifetime {
  int status = 0;
  Time seconds = 0;
};

// What the operator of a route decides.
struct Options {
  // Counts from the arrival of a response, and stands for the lifetime that it names itself. It
  // does not override what forbids to store (no-store, private, Vary: *, Set-Cookie,
  // Authorization), to use without validation (no-cache), or to use stale.
  std::span<const StatusLifetime> lifetimes;
  bool store_set_cookie = false;
  // For responses that name none. What has no lifetime is not used stale while it is validated, and
  // stands in for an error only where it can be validated at all.
  Time stale_while_revalidate = 0;
  Time stale_if_error = 0;
  // RFC 9111 4.2.2, where only Last-Modified is known; 0: such a response is validated each time.
  int heuristic_percent = 10;
  Time heuristic_max = 86400;
};

// What was fixed when a response was stored, or freshened by a 304.
struct Terms {
  Time response_time = 0;           // when its head came
  Time initial_age = 0;             // then; RFC 9111 4.2.3 corrected_initial_age
  Time lifetime = 0;                // RFC 9111 4.2.1; older than that is stale
  Time stale_while_revalidate = 0;  // after the lifetime; 0 where stale use is forbidden
  Time stale_if_error = 0;          // likewise
  bool must_revalidate = false;     // must-revalidate, proxy-revalidate, s-maxage: never used stale
  bool always_validate = false;     // no-cache: never used without asking
  bool has_validator = false;       // there is something to ask with
  bool is_public = false;           // may be stored though its request has credentials
  bool immutable = false;           // RFC 8246
};

// Why not: the first reason in this order.
enum class Storing : std::uint8_t {
  Allowed,
  Method,          // only what answers GET is stored
  RequestNoStore,  // the request said so
  Status,          // not a final status, or one whose answer fits only its own request
  Partial,         // a 206
  NotUnderstood,   // must-understand with a status that RFC 9110 does not define
  NoStore,         // the response said so, or may have wanted to: its Cache-Control is garbled
  Private,
  Authorization,  // RFC 9111 3.5
  SetCookie,
  VaryAll,      // Vary: *, or a name that is none
  VaryTooLong,  // more names than are kept
  NoLifetime,   // nothing says that it may be kept, or it could never be used
};

// 4xx, but for 404, 410 and 451: what is wrong with one client's request (its credentials, its
// size, a field), and says nothing of what another gets.
bool blames_request(int status);

// A word for logs, "no-store".
std::string_view to_word(Storing storing);

struct Judgement {
  Storing storing = Storing::NoLifetime;
  // Meant only for Storing::Allowed.
  Terms terms;
  // Lists of field names that must not be stored with the response: no-cache="...", private="...".
  std::array<std::string_view, 2> unstored_fields;
};

// The times are of this exchange with the origin: when the request left, when the head came.
Judgement judge_response(const RequestFacts& request, const ResponseFacts& response,
                         const Options& options, Time request_time, Time response_time);

// Whether a field of the response is left out of what is stored, for unstored_fields.
bool is_unstored(const Judgement& judgement, std::string_view field_name);

// RFC 9111 4.2.3 corrected_initial_age: how long before its arrival the origin has said it.
Time initial_age(const ResponseFacts& response, Time request_time, Time response_time);
// RFC 9111 4.2.3 current_age: the value of Age.
Time age_of(const Terms& terms, Time now);
// Seconds; 0 and less: stale.
Time freshness_left(const Terms& terms, Time now);

enum class Use : std::uint8_t {
  Fresh,                 // answer with it
  StaleWhileRevalidate,  // answer with it, and refresh it behind the client's back
  StaleAllowed,          // the request's max-stale takes it as it is
  Validate,              // ask the origin first; a request with only-if-cached gets 504 instead
};

// `marked_stale`: somebody declared it stale before its time (a soft purge). So is what came later
// than now, by a clock that was set back since.
Use judge_use(const Terms& terms, const RequestControl& request, Time now, bool marked_stale);

// The origin failed, by giving no answer or one of is_error_status(): may the stored response stand
// in for it? (RFC 5861 4.)
bool may_serve_on_error(const Terms& terms, const RequestControl& request, Time now,
                        bool marked_stale);
bool is_error_status(int status);

// RFC 9111 4.4: does such an answer to such a request invalidate what is stored for its target?
bool invalidates(Method method, int status);

}  // namespace sluice::cache
