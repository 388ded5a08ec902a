// SPDX-License-Identifier: MIT
#include "cache/policy.h"

#include <algorithm>

#include "cache/directives.h"
#include "cache/tokens.h"

namespace sluice::cache {

namespace {

// current_age >= lifetime means stale (RFC 9111 4.2), so at this moment staleness is 0.
Time staleness(const Terms& terms, Time now) {
  return std::max<Time>(0, -freshness_left(terms, now));
}

// It came later than now: the clock was set back, and does not say how old it is. Clocks of threads
// and of machines that are kept together tremble by less.
bool is_of_future(const Terms& terms, Time now) {
  constexpr Time kTremble = 2;
  return terms.response_time > now + kTremble;
}

// The request does not take what is too old for it, whoever allowed its use.
bool is_too_old(const Terms& terms, const RequestControl& request, Time now, bool fresh) {
  if (request.min_fresh && freshness_left(terms, now) < request.min_fresh->count()) return true;
  if (!request.max_age) return false;
  // RFC 8246 2: fresh and immutable, there is nothing to ask; only no-cache insists.
  if (fresh && terms.immutable) return false;
  // RFC 9111 5.2.1.1: without max-stale the client does not wish to receive what is stale.
  if (!fresh && !request.max_stale) return true;
  // With 0 a client asks for validation, also within the second in which the response came.
  const Time limit = request.max_age->count();
  return limit == 0 || age_of(terms, now) > limit;
}

bool takes_stale(const Terms& terms, const RequestControl& request, Time now) {
  if (!request.max_stale) return false;
  return *request.max_stale >= kLongestAge || staleness(terms, now) <= request.max_stale->count();
}

}  // namespace

Date earliest(Date a, Date b) {
  if (!a.present || !b.present) return a.present ? a : b;
  if (!a.readable || !b.readable) return Date::malformed();
  return Date::at(std::min(a.time, b.time));
}

RequestControl request_control(std::span<const std::string_view> cache_control,
                               std::span<const std::string_view> pragma) {
  RequestControl control;
  for (const std::string_view value : cache_control) control.read(value);
  if (!cache_control.empty()) return control;
  for (const std::string_view value : pragma) {
    DirectiveReader reader(value);
    for (Directive directive; reader.next(directive);) {
      if (same_name(directive.name, "no-cache")) control.no_cache = true;
    }
  }
  return control;
}

Time age_of(const Terms& terms, Time now) {
  return terms.initial_age + std::max<Time>(0, now - terms.response_time);
}

Time freshness_left(const Terms& terms, Time now) {
  return terms.lifetime - age_of(terms, now);
}

Use judge_use(const Terms& terms, const RequestControl& request, Time now, bool marked_stale) {
  marked_stale = marked_stale || is_of_future(terms, now);
  const bool fresh = !marked_stale && freshness_left(terms, now) > 0;
  if (terms.always_validate || request.no_cache) return Use::Validate;
  if (is_too_old(terms, request, now, fresh)) return Use::Validate;
  if (fresh) return Use::Fresh;
  if (terms.must_revalidate) return Use::Validate;
  if (staleness(terms, now) < terms.stale_while_revalidate) return Use::StaleWhileRevalidate;
  // What was marked is older than any clock can say.
  if (!marked_stale && takes_stale(terms, request, now)) return Use::StaleAllowed;
  return Use::Validate;
}

bool may_serve_on_error(const Terms& terms, const RequestControl& request, Time now,
                        bool marked_stale) {
  marked_stale = marked_stale || is_of_future(terms, now);
  // "Regardless of other freshness information" (RFC 5861 4): of the request only no-cache counts.
  if (terms.always_validate || request.no_cache) return false;
  if (!marked_stale && freshness_left(terms, now) > 0) return true;
  if (terms.must_revalidate) return false;
  const Time asked = request.stale_if_error.value_or(Seconds(0)).count();
  return staleness(terms, now) < std::max(terms.stale_if_error, asked);
}

bool is_error_status(int status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}

bool invalidates(Method method, int status) {
  return method == Method::Unsafe && status >= 200 && status < 400;
}

}  // namespace sluice::cache
