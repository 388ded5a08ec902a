// SPDX-License-Identifier: MIT
// The half of policy.h that looks at a response when it comes.
#include <algorithm>
#include <optional>

#include "cache/directives.h"
#include "cache/policy.h"
#include "cache/targeted_control.h"
#include "cache/tokens.h"
#include "cache/vary.h"
#include "conf/cache_lists.h"

namespace sluice::cache {

namespace {

constexpr std::string_view kWords[] = {
    "stored",          "method",        "request-no-store", "status",        "partial",
    "must-understand", "no-store",      "private",          "authorization", "set-cookie",
    "vary-all",        "vary-too-long", "no-lifetime"};

// One response, with what its fields say.
struct Judged {
  const ResponseFacts& facts;
  const Options& options;
  ResponseControl control;
  Date expires;  // absent where a targeted field stands for it
  Time request_time = 0;
  Time response_time = 0;
};

void read_control(Judged& judged) {
  if (read_targeted_control(judged.facts.cdn_cache_control, judged.control)) return;
  for (const std::string_view value : judged.facts.cache_control) judged.control.read(value);
  judged.expires = judged.facts.expires;
}

// RFC 9110 15.1.
bool is_heuristically_cacheable(int status) {
  constexpr int kStatuses[] = {200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501};
  return std::find(std::begin(kStatuses), std::end(kStatuses), status) != std::end(kStatuses);
}

// Defined by RFC 9110, which says what a cache has to know of it.
bool is_understood(int status) {
  const auto within = [status](int first, int last) { return status >= first && status <= last; };
  return within(200, 206) || within(300, 305) || within(307, 308) || within(400, 417) ||
         within(421, 422) || status == 426 || within(500, 505);
}

bool is_storable(int status) {
  const auto& never = conf::kNeverStored;
  return status >= 200 && status <= 599 &&
         std::find(never.begin(), never.end(), status) == never.end();
}

std::optional<Time> operator_lifetime(const Judged& judged) {
  std::optional<Time> any;
  for (const StatusLifetime& row : judged.options.lifetimes) {
    if (row.status == judged.facts.status) return row.seconds;
    // It would be everybody's answer.
    if (row.status == 0 && !any && !blames_request(judged.facts.status)) any = row.seconds;
  }
  return any;
}

// RFC 9111 5.1: of a list the first member, and nothing of what is no number.
Time age_value(std::span<const std::string_view> values) {
  for (const std::string_view value : values) {
    DirectiveReader reader(value);
    Directive first;
    if (!reader.next(first)) continue;
    if (first.has_argument) return 0;
    return parse_delta_seconds(first.name).value_or(Seconds(0)).count();
  }
  return 0;
}

// RFC 9110 6.6.1: a response without a Date has the time at which it came.
Time date_of(const ResponseFacts& facts, Time response_time) {
  return facts.date.readable ? facts.date.time : response_time;
}

Time date_of(const Judged& judged) {
  return date_of(judged.facts, judged.response_time);
}

// RFC 9111 4.2.2. A Date ahead of our clock must not make the response look longer unchanged.
Time heuristic_lifetime(const Judged& judged) {
  const ResponseFacts& facts = judged.facts;
  if (!is_heuristically_cacheable(facts.status) && !judged.control.is_public) return 0;
  if (!facts.last_modified.readable) return 0;
  const Time unchanged = std::min(date_of(judged), judged.response_time) - facts.last_modified.time;
  if (unchanged <= 0 || judged.options.heuristic_percent <= 0) return 0;
  const Time share = unchanged / 100 * judged.options.heuristic_percent +
                     unchanged % 100 * judged.options.heuristic_percent / 100;
  return std::min(share, judged.options.heuristic_max);
}

// RFC 9111 4.2.1, in its order.
Time lifetime(const Judged& judged, Time age) {
  const ResponseControl& control = judged.control;
  if (const auto own = operator_lifetime(judged)) return age + std::max<Time>(0, *own);
  if (control.s_maxage) return control.s_maxage->count();
  if (control.max_age) return control.max_age->count();
  if (!judged.expires.present) return heuristic_lifetime(judged);
  if (!judged.expires.readable) return 0;
  return std::max<Time>(0, judged.expires.time - date_of(judged));
}

Terms make_terms(const Judged& judged) {
  const ResponseControl& control = judged.control;
  Terms terms;
  terms.response_time = judged.response_time;
  terms.initial_age = initial_age(judged.facts, judged.request_time, judged.response_time);
  terms.lifetime = lifetime(judged, terms.initial_age);
  terms.must_revalidate =
      control.must_revalidate || control.proxy_revalidate || control.s_maxage.has_value();
  terms.always_validate = control.no_cache;
  terms.has_validator = judged.facts.has_etag || judged.facts.last_modified.readable;
  terms.is_public = control.is_public;
  terms.immutable = control.immutable;
  if (terms.must_revalidate || terms.always_validate) return terms;
  const auto allowed = [](std::optional<Seconds> named, bool applies, Time otherwise) {
    if (named) return named->count();
    return applies ? std::max<Time>(0, otherwise) : Time{0};
  };
  const bool fresh = terms.lifetime > 0;
  terms.stale_while_revalidate =
      allowed(control.stale_while_revalidate, fresh, judged.options.stale_while_revalidate);
  terms.stale_if_error =
      allowed(control.stale_if_error, fresh || terms.has_validator, judged.options.stale_if_error);
  return terms;
}

bool lists(std::string_view fields, std::string_view name) {
  DirectiveReader reader(fields);
  for (Directive field; reader.next(field);) {
    if (same_name(field.name, name)) return true;
  }
  return false;
}

// RFC 9111 3, the last condition: something says that it may be kept.
bool is_permitted(const Judged& judged) {
  const ResponseControl& control = judged.control;
  return control.is_public || control.s_maxage || control.max_age || judged.expires.present ||
         is_heuristically_cacheable(judged.facts.status) || operator_lifetime(judged);
}

// Some time some request may be answered with it.
bool is_usable(const Terms& terms) {
  if (terms.has_validator) return true;
  if (terms.always_validate) return false;
  const Time stale = std::max(terms.stale_while_revalidate, terms.stale_if_error);
  return terms.lifetime + stale > terms.initial_age;
}

Storing judge_vary(std::span<const std::string_view> values) {
  if (values.empty()) return Storing::Allowed;
  switch (VaryNames(values).kind()) {
    case VaryNames::Kind::All:
      return Storing::VaryAll;
    case VaryNames::Kind::TooLong:
      return Storing::VaryTooLong;
    default:
      return Storing::Allowed;
  }
}

Storing judge_message(const RequestFacts& request, const ResponseFacts& response) {
  if (request.method != Method::Get) return Storing::Method;
  if (request.control.no_store) return Storing::RequestNoStore;
  if (response.status == 206) return Storing::Partial;
  return is_storable(response.status) ? Storing::Allowed : Storing::Status;
}

Storing judge_control(const RequestFacts& request, const ResponseControl& control, int status) {
  if (control.must_understand && !is_understood(status)) return Storing::NotUnderstood;
  // RFC 9111 5.2.2.3: who understands the status ignores the no-store that stands beside.
  if (control.no_store && !control.must_understand) return Storing::NoStore;
  if (control.is_private) return Storing::Private;
  if (control.garbled) return Storing::NoStore;
  const bool shareable = control.is_public || control.s_maxage || control.must_revalidate;
  return request.has_authorization && !shareable ? Storing::Authorization : Storing::Allowed;
}

}  // namespace

bool blames_request(int status) {
  const bool is_client_error = status >= 400 && status <= 499;
  return is_client_error && status != 404 && status != 410 && status != 451;
}

std::string_view to_word(Storing storing) {
  return kWords[static_cast<std::size_t>(storing)];
}

bool is_unstored(const Judgement& judgement, std::string_view field_name) {
  return std::any_of(judgement.unstored_fields.begin(), judgement.unstored_fields.end(),
                     [field_name](std::string_view fields) { return lists(fields, field_name); });
}

Time initial_age(const ResponseFacts& response, Time request_time, Time response_time) {
  const Time apparent = std::max<Time>(0, response_time - date_of(response, response_time));
  const Time delay = std::max<Time>(0, response_time - request_time);
  return std::max(apparent, age_value(response.age) + delay);
}

Judgement judge_response(const RequestFacts& request, const ResponseFacts& response,
                         const Options& options, Time request_time, Time response_time) {
  Judged judged{response, options, {}, {}, request_time, response_time};
  read_control(judged);
  Judgement judgement;
  judgement.terms = make_terms(judged);
  judgement.unstored_fields = {judged.control.no_cache_fields, judged.control.private_fields};

  const auto reject = [&judgement](Storing storing) {
    judgement.storing = storing;
    return storing != Storing::Allowed;
  };
  if (reject(judge_message(request, response))) return judgement;
  if (reject(judge_control(request, judged.control, response.status))) return judgement;
  const bool keeps_cookie = response.has_set_cookie && !is_unstored(judgement, "set-cookie");
  if (keeps_cookie && !options.store_set_cookie) {
    judgement.storing = Storing::SetCookie;
    return judgement;
  }
  if (reject(judge_vary(response.vary))) return judgement;
  if (!is_permitted(judged) || !is_usable(judgement.terms)) judgement.storing = Storing::NoLifetime;
  return judgement;
}

}  // namespace sluice::cache
