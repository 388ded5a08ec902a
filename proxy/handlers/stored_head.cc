// SPDX-License-Identifier: MIT
#include "proxy/handlers/stored_head.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <functional>

#include "cache/vary.h"
#include "proxy/http/conditional.h"
#include "proxy/http/date.h"
#include "proxy/http/digests.h"

namespace sluice::handlers {

namespace {

using http::FieldId;

cache::Date date_of(const http::Fields& fields, FieldId id, cache::Time now) {
  cache::Date date;
  bool first = true;
  for (const http::Field& field : fields) {
    if (field.id != id) continue;
    const std::optional<std::int64_t> time = http::parse_http_date(field.value, now);
    const cache::Date one = time ? cache::Date::at(*time) : cache::Date::malformed();
    date = first ? one : cache::earliest(date, one);
    first = false;
  }
  return date;
}

// Fields that belong to one message, or that are written anew for each answer.
bool is_kept(const http::Field& field) {
  switch (field.id) {
    case FieldId::Age:
    case FieldId::ContentLength:
    case FieldId::Connection:
    case FieldId::TransferEncoding:
    case FieldId::Trailer:
      return false;
    default:
      return true;
  }
}

// RFC 9111 3.2: what says how the stored bytes are to be read stays theirs. So does their entity
// tag: that of the 304 may be the same but strong, where the 200 was compressed and the 304 is not.
bool is_freshened(const http::Field& field) {
  switch (field.id) {
    case FieldId::ContentEncoding:
    case FieldId::ContentRange:
    case FieldId::ETag:
      return false;
    default:
      return is_kept(field) && !http::is_content_digest(field.name);
  }
}

// Tokens of Cache-Tag and of Surrogate-Key, separated by commas or blanks.
std::string tags_of(const http::Fields& fields) {
  std::string tags;
  for (const http::Field& field : fields) {
    if (!http::iequals(field.name, "Cache-Tag") && !http::iequals(field.name, "Surrogate-Key")) {
      continue;
    }
    if (!tags.empty()) tags += ' ';
    tags += field.value;
  }
  std::replace(tags.begin(), tags.end(), ',', ' ');
  return tags;
}

constexpr FieldId kConditions[] = {FieldId::IfNoneMatch, FieldId::IfModifiedSince,
                                   FieldId::IfMatch,     FieldId::IfUnmodifiedSince,
                                   FieldId::IfRange,     FieldId::Range};

cache::Time before(cache::Time now, std::chrono::nanoseconds delay) {
  return now - std::chrono::floor<std::chrono::seconds>(delay).count();
}

// Takes the next line off `text`.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

}  // namespace

FieldLines::FieldLines(const http::Fields& fields, std::string_view name) {
  for (const http::Field& field : fields) {
    if (http::iequals(field.name, name)) add(field.value);
  }
}

FieldLines::FieldLines(const http::Fields& fields, FieldId id) {
  if (!fields.has(id)) return;
  for (const http::Field& field : fields) {
    if (field.id == id) add(field.value);
  }
}

void FieldLines::add(std::string_view value) {
  overflown_ = count_ == kMax;
  if (!overflown_) lines_[count_++] = value;
}

cache::RequestFacts request_facts(const http::RequestHead& request) {
  const http::Fields& fields = request.fields;
  cache::RequestFacts facts{.method = method_for_cache(request.method),
                            .control = {},
                            .has_authorization = fields.has(FieldId::Authorization)};
  const bool says_nothing = !fields.has(FieldId::CacheControl) && !fields.has(FieldId::Pragma);
  if (says_nothing) return facts;
  const FieldLines control(fields, FieldId::CacheControl);
  const FieldLines pragma(fields, FieldId::Pragma);
  facts.control = cache::request_control(control.values(), pragma.values());
  // Those that were not looked at may say so.
  if (control.overflown() || pragma.overflown()) {
    facts.control.no_store = true;
    facts.control.no_cache = true;
  }
  return facts;
}

ResponseReading::ResponseReading(int status, const http::Fields& fields, const CacheRules& rules,
                                 cache::Time now)
    : cache_control_(fields, FieldId::CacheControl),
      cdn_cache_control_(fields, FieldId::CdnCacheControl),
      age_(fields, FieldId::Age),
      vary_(fields, FieldId::Vary) {
  for (const std::string& name : rules.vary) vary_.add(name);
  if (cache_control_.overflown() || cdn_cache_control_.overflown() || age_.overflown() ||
      vary_.overflown()) {
    vary_ = {};
    vary_.add("*");
  }
  facts_ = {.status = status,
            .cache_control = cache_control_.values(),
            .cdn_cache_control = cdn_cache_control_.values(),
            .age = age_.values(),
            .vary = vary_.values(),
            .date = date_of(fields, FieldId::Date, now),
            .expires = date_of(fields, FieldId::Expires, now),
            .last_modified = date_of(fields, FieldId::LastModified, now),
            .has_etag = http::is_condition(fields.value(FieldId::ETag)),
            .has_set_cookie = fields.has(FieldId::SetCookie)};
  if (fields.count(FieldId::LastModified) > 1) facts_.last_modified = cache::Date::malformed();
}

bool RequestSelector::matches(const cache::Entry& entry) const {
  std::string_view values = entry.variant();
  if (values.empty()) return true;
  cache::VaryNameReader names(take_line(values));
  std::array<char, 2048> scratch;
  for (std::string_view name; names.next(name);) {
    const FieldLines lines(fields_, name);
    if (lines.overflown()) return false;
    if (!cache::matches_vary_value(name, take_line(values), lines.values(), scratch)) return false;
  }
  return true;
}

std::uint64_t RequestSelector::variant_like(const cache::Entry& other) const {
  std::string_view names = other.variant();
  std::string variant;
  if (!write_variant(take_line(names), fields_, variant)) return 0;
  return std::hash<std::string>()(variant) | 1;
}

bool write_variant(std::string_view names, const http::Fields& request, std::string& out) {
  out.clear();
  if (names.empty()) return true;
  out = names;
  cache::VaryNameReader reader(names);
  std::array<char, 2048> scratch;
  for (std::string_view name; reader.next(name);) {
    const FieldLines lines(request, name);
    const auto size = cache::normalise_vary_value(name, lines.values(), scratch);
    if (lines.overflown() || !size) return false;
    out += '\n';
    out.append(scratch.data(), *size);
  }
  return true;
}

cache::Judgement judge(const cache::RequestFacts& request, const http::ResponseHead& head,
                       const CacheRules& rules, std::chrono::nanoseconds delay) {
  const cache::Time now = std::time(nullptr);
  const ResponseReading response(head.status, head.fields, rules, now);
  return cache::judge_response(request, response.facts(), rules.policy(), before(now, delay), now);
}

cache::Time said_at(const http::ResponseHead& head, const CacheRules& rules,
                    std::chrono::nanoseconds delay) {
  const cache::Time now = std::time(nullptr);
  const ResponseReading response(head.status, head.fields, rules, now);
  return now - cache::initial_age(response.facts(), before(now, delay), now);
}

cache::EntryPtr make_entry(const EntrySource& source) {
  FieldLines vary(source.head.fields, FieldId::Vary);
  for (const std::string& name : source.rules.vary) vary.add(name);
  std::string variant;
  if (!write_variant(cache::VaryNames(vary.values()).text(), source.request, variant)) return {};
  std::vector<cache::Field> fields;
  fields.reserve(source.head.fields.size());
  for (const http::Field& field : source.head.fields) {
    if (!is_kept(field) || cache::is_unstored(source.judgement, field.name)) continue;
    fields.push_back({field.name, field.value, static_cast<std::uint8_t>(field.id)});
  }
  const http::BodyFraming& framing = source.head.body;
  const bool announced = framing.kind == http::BodyKind::Length;
  return cache::Entry::create(
      {.key = source.key,
       .status = source.head.status,
       .fields = fields,
       .terms = source.judgement.terms,
       .variant = variant,
       .tags = tags_of(source.head.fields),
       .content_length = announced ? std::optional(framing.length) : std::nullopt,
       .body = source.body});
}

std::optional<http::Field> find_field(const cache::Entry& entry, FieldId id) {
  for (const cache::Field field : entry.fields()) {
    if (field.tag == static_cast<std::uint8_t>(id)) return http::Field{field.name, field.value, id};
  }
  return std::nullopt;
}

std::optional<http::Field> last_modified_of(const cache::Entry& entry) {
  std::optional<http::Field> found;
  for (const cache::Field field : entry.fields()) {
    if (field.tag != static_cast<std::uint8_t>(FieldId::LastModified)) continue;
    if (found) return std::nullopt;
    found = http::Field{field.name, field.value, FieldId::LastModified};
  }
  return found;
}

std::string_view last_modified_of(const http::Fields& fields) {
  return fields.count(FieldId::LastModified) == 1 ? fields.value(FieldId::LastModified)
                                                  : std::string_view();
}

bool confirms(const cache::Entry& stored, const http::Fields& not_modified) {
  const std::string_view tag = not_modified.value(FieldId::ETag);
  if (!tag.empty()) {
    const auto own = find_field(stored, FieldId::ETag);
    if (!own) return false;
    const bool strongly =
        http::is_strong_etag(tag) && !find_field(stored, FieldId::ContentEncoding);
    return strongly ? http::etags_match_strongly(own->value, tag)
                    : http::etags_match_weakly(own->value, tag);
  }
  const auto modified = last_modified_of(stored);
  const std::string_view date = last_modified_of(not_modified);
  return date.empty() || (modified && modified->value == date);
}

void freshen(const cache::Entry& stored, const http::ResponseHead& not_modified,
             http::ResponseHead& out) {
  out.status = stored.status();
  for (const cache::Field field : stored.fields()) {
    const http::Field own{field.name, field.value, static_cast<FieldId>(field.tag)};
    const bool replaced = is_freshened(own) && not_modified.fields.find(field.name) != nullptr;
    if (!replaced) out.fields.add(own.name, own.value, own.id);
  }
  for (const http::Field& field : not_modified.fields) {
    if (is_freshened(field) || field.id == FieldId::Age) {
      out.fields.add(field.name, field.value, field.id);
    }
  }
  if (stored.content_length()) out.body = {http::BodyKind::Length, *stored.content_length()};
}

void remove_conditions(http::Fields& request) {
  for (const FieldId id : kConditions) request.remove(id);
}

bool add_conditions(const cache::Entry& stored, http::Fields& request) {
  const auto etag = find_field(stored, FieldId::ETag);
  const bool has_etag = etag && http::is_condition(etag->value);
  if (has_etag) request.add(FieldId::IfNoneMatch, etag->value);
  const auto modified = last_modified_of(stored);
  const bool has_date =
      modified && http::parse_http_date(modified->value, stored.terms().response_time).has_value();
  if (has_date) request.add(FieldId::IfModifiedSince, modified->value);
  return has_etag || has_date;
}

void put_stored_head(exchange::Exchange& exchange, const cache::Entry& entry) {
  http::ResponseHead& head = exchange.response_slot();
  head.clear();
  head.status = entry.status();
  head.keep_alive = true;
  for (const cache::Field field : entry.fields()) {
    head.fields.add(field.name, field.value, static_cast<FieldId>(field.tag));
  }
}

void add_age(exchange::Exchange& exchange, const cache::Entry& entry, cache::Time now) {
  constexpr std::size_t kDigitsMax = 20;
  char* const begin = exchange.arena().allocate(kDigitsMax);
  const cache::Time age = cache::age_of(entry.terms(), now);
  char* const end = std::to_chars(begin, begin + kDigitsMax, age).ptr;
  exchange.response_slot().fields.add(FieldId::Age, {begin, static_cast<std::size_t>(end - begin)});
}

}  // namespace sluice::handlers
