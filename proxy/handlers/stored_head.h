// SPDX-License-Identifier: MIT
// Heads between HTTP and the cache: what the policy has to know of a request and of a response, an
// Entry made of a response head, and a response head made of an Entry.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/entry.h"
#include "cache/policy.h"
#include "cache/store.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/cache_rules.h"
#include "proxy/http/message.h"

namespace sluice::handlers {

// The values of a field's lines, in order. Borrows them.
class FieldLines {
 public:
  // More than any message has a reason for.
  static constexpr std::size_t kMax = 16;

  FieldLines() = default;
  FieldLines(const http::Fields& fields, std::string_view name);
  FieldLines(const http::Fields& fields, http::FieldId id);

  std::span<const std::string_view> values() const { return std::span(lines_).first(count_); }
  // There were more than kMax.
  bool overflown() const { return overflown_; }
  void add(std::string_view value);

 private:
  std::array<std::string_view, kMax> lines_;
  std::size_t count_ = 0;
  bool overflown_ = false;
};

cache::RequestFacts request_facts(const http::RequestHead& request);

// Borrows the fields. Where a field has more lines than are read, the response varies by
// everything, so that it is not stored.
class ResponseReading {
 public:
  ResponseReading(int status, const http::Fields& fields, const CacheRules& rules, cache::Time now);
  ResponseReading(const ResponseReading&) = delete;
  ResponseReading& operator=(const ResponseReading&) = delete;

  const cache::ResponseFacts& facts() const { return facts_; }

 private:
  FieldLines cache_control_;
  FieldLines cdn_cache_control_;
  FieldLines age_;
  FieldLines vary_;
  cache::ResponseFacts facts_;
};

// The requests that a stored response was selected for.
class RequestSelector final : public cache::Selector {
 public:
  explicit RequestSelector(const http::Fields& fields) : fields_(fields) {}
  bool matches(const cache::Entry& entry) const override;
  // 0 where the values are longer than is kept.
  std::uint64_t variant_like(const cache::Entry& other) const override;

 private:
  const http::Fields& fields_;
};

// The text by which RequestSelector knows an Entry: the names of its Vary, then the request's value
// of each, a line each. False where it is longer than is kept.
bool write_variant(std::string_view names, const http::Fields& request, std::string& out);

// What the policy says of a response whose head has come now, so long after the request left. The
// delay counts in whole seconds that have passed, not in those that the clock has begun meanwhile:
// it is age (RFC 9111 4.2.3), and what is fresh for one second would be stale as it comes.
cache::Judgement judge(const cache::RequestFacts& request, const http::ResponseHead& head,
                       const CacheRules& rules, std::chrono::nanoseconds delay);

// When the origin has said such a response, by our clock; likewise.
cache::Time said_at(const http::ResponseHead& head, const CacheRules& rules,
                    std::chrono::nanoseconds delay);

struct EntrySource {
  const cache::Key& key;
  const http::ResponseHead& head;
  const cache::Judgement& judgement;
  const http::Fields& request;
  const CacheRules& rules;
  cache::BodyPtr body;
};
// None where what selects the response does not fit into an Entry.
cache::EntryPtr make_entry(const EntrySource& source);

// The first line of that field.
std::optional<http::Field> find_field(const cache::Entry& entry, http::FieldId id);

// Of several nobody knows which counts: then there is none.
std::optional<http::Field> last_modified_of(const cache::Entry& entry);
std::string_view last_modified_of(const http::Fields& fields);

// Whether a 304 with these fields is about the stored response (RFC 9111 4.3.4): its entity tag
// must match, and without one a date be that of the last change. A 304 with neither is about what
// was asked for. A strong tag confirms no weak one, but for that of a coded body: nginx weakens the
// tag of what it compresses, and not that of the 304 to the only tag it was asked about.
bool confirms(const cache::Entry& stored, const http::Fields& not_modified);

// The head of the stored response as a 304 freshens it (RFC 9111 3.2), in `out`, whose views borrow
// from both.
void freshen(const cache::Entry& stored, const http::ResponseHead& not_modified,
             http::ResponseHead& out);

// Conditions that ask whether the stored response still holds (RFC 9111 4.3.1); false: it has
// nothing to ask with.
bool add_conditions(const cache::Entry& stored, http::Fields& request);
// Whatever conditions and ranges the request has.
void remove_conditions(http::Fields& request);

// Status and fields of the Entry in exchange.response_slot(). The views borrow from the Entry.
void put_stored_head(exchange::Exchange& exchange, const cache::Entry& entry);
// Its Age, from the arena.
void add_age(exchange::Exchange& exchange, const cache::Entry& entry, cache::Time now);

}  // namespace sluice::handlers
