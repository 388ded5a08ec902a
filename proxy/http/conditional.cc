// SPDX-License-Identifier: MIT
#include "proxy/http/conditional.h"

#include "proxy/http/date.h"
#include "proxy/http/headers.h"

namespace sluice::http {
namespace {

constexpr std::string_view kWeak = "W/";

std::string_view opaque_of(std::string_view etag) {
  return etag.starts_with(kWeak) ? etag.substr(kWeak.size()) : etag;
}

// Walks a list of entity tags, whose opaque parts may hold commas.
class TagReader {
 public:
  explicit TagReader(std::string_view list) : rest_(list) {}

  // False at the end, and at what is no tag.
  bool next(std::string_view& tag) {
    while (!rest_.empty() &&
           (rest_.front() == ',' || rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
    const std::size_t quote = rest_.starts_with(kWeak) ? kWeak.size() : 0;
    if (rest_.size() <= quote || rest_[quote] != '"') return false;
    const std::size_t close = rest_.find('"', quote + 1);
    if (close == std::string_view::npos) return false;
    tag = rest_.substr(0, close + 1);
    rest_.remove_prefix(close + 1);
    return true;
  }

 private:
  std::string_view rest_;
};

using Compare = bool (*)(std::string_view, std::string_view);

// Whether "*", or one of the tags in all fields of that name, stands for this representation.
bool any_matches(const Fields& fields, FieldId id, std::string_view etag, Compare match) {
  for (const Field& field : fields) {
    if (field.id != id) continue;
    if (field.value == "*") return true;
    TagReader tags(field.value);
    for (std::string_view tag; tags.next(tag);) {
      if (match(tag, etag)) return true;
    }
  }
  return false;
}

// The date of a field that stands once and can be read.
std::optional<std::int64_t> date_of(const Fields& fields, FieldId id, std::int64_t now) {
  if (fields.count(id) != 1) return std::nullopt;
  return parse_http_date(fields.value(id), now);
}

bool holds_unmodified_since(const Fields& fields, const Validators& validators, std::int64_t now) {
  const auto date = date_of(fields, FieldId::IfUnmodifiedSince, now);
  return !date || !validators.last_modified || *validators.last_modified <= *date;
}

bool is_unmodified_since(const Fields& fields, const Validators& validators, std::int64_t now) {
  const auto date = date_of(fields, FieldId::IfModifiedSince, now);
  if (!date || !validators.last_modified) return false;
  if (*date == *validators.last_modified) return true;
  return *date > *validators.last_modified && *date >= validators.here_since.value_or(*date);
}

}  // namespace

bool is_strong_etag(std::string_view etag) {
  return !etag.empty() && !etag.starts_with(kWeak);
}

bool is_condition(std::string_view etag) {
  TagReader tags(etag);
  std::string_view tag;
  if (tags.next(tag)) return tag == etag;
  return !etag.empty() && etag != "*" && etag.find_first_of("\", \t") == std::string_view::npos;
}

bool etags_match_strongly(std::string_view a, std::string_view b) {
  return is_strong_etag(a) && a == b;
}

bool etags_match_weakly(std::string_view a, std::string_view b) {
  return !a.empty() && opaque_of(a) == opaque_of(b);
}

Precondition evaluate_conditions(const RequestHead& request, const Validators& validators,
                                 std::int64_t now) {
  const Fields& fields = request.fields;
  if (fields.has(FieldId::IfMatch)) {
    if (!any_matches(fields, FieldId::IfMatch, validators.etag, etags_match_strongly)) {
      return Precondition::Failed;
    }
  } else if (fields.has(FieldId::IfUnmodifiedSince)) {
    if (!holds_unmodified_since(fields, validators, now)) return Precondition::Failed;
  }
  const bool reads = request.method == Method::Get || request.method == Method::Head;
  if (fields.has(FieldId::IfNoneMatch)) {
    if (!any_matches(fields, FieldId::IfNoneMatch, validators.etag, etags_match_weakly)) {
      return Precondition::Holds;
    }
    return reads ? Precondition::NotModified : Precondition::Failed;
  }
  const bool unmodified =
      reads && fields.has(FieldId::IfModifiedSince) && is_unmodified_since(fields, validators, now);
  return unmodified ? Precondition::NotModified : Precondition::Holds;
}

bool range_condition_holds(const Fields& fields, const Validators& validators, std::int64_t now) {
  if (!fields.has(FieldId::IfRange)) return true;
  if (fields.count(FieldId::IfRange) != 1) return false;
  const std::string_view value = fields.value(FieldId::IfRange);
  if (value.find('"') != std::string_view::npos) {
    return etags_match_strongly(value, validators.etag);
  }
  const auto date = parse_http_date(value, now);
  return date && date == validators.last_modified && validators.date &&
         is_strong_date(*date, *validators.date);
}

// A second between the change and the response would do, if not for clocks that differ: RFC 7232
// had this much for them.
bool is_strong_date(std::int64_t last_modified, std::int64_t date) {
  constexpr std::int64_t kApart = 60;
  return date - last_modified >= kApart;
}

}  // namespace sluice::http
