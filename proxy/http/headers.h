// SPDX-License-Identifier: MIT
// Field names and field lists (RFC 9110 section 5): the one shape in which heads and trailers
// travel between parsers, the exchange, filters and writers.
//
// Names and values are borrowed views: of the buffer a head was parsed in, of the exchange's arena,
// of the configuration, or of literals. Whoever adds a field promises that its bytes outlive the
// list or are moved with rebase(). Not thread-safe; owned by one exchange.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace sluice::http {

// The names that somebody here asks for. Everything else is Other and is compared as text.
enum class FieldId : std::uint8_t {
  Other,
  Host,
  Connection,
  ContentLength,
  TransferEncoding,
  TE,
  Trailer,
  Upgrade,
  KeepAlive,
  ProxyConnection,
  Expect,
  XForwardedFor,
  XForwardedProto,
  XForwardedHost,
  XForwardedPort,
  Forwarded,
  XRequestId,
  XRealIp,
  Via,
  Date,
  Server,
  UserAgent,
  Referer,
  Cookie,
  SetCookie,
  ContentType,
  ContentEncoding,
  ContentRange,
  ContentLocation,
  Location,
  CacheControl,
  Pragma,
  Expires,
  Age,
  Vary,
  ETag,
  LastModified,
  IfMatch,
  IfNoneMatch,
  IfModifiedSince,
  IfUnmodifiedSince,
  IfRange,
  Range,
  AcceptRanges,
  Accept,
  AcceptEncoding,
  AcceptLanguage,
  Authorization,
  ProxyAuthorization,
  ProxyAuthenticate,
  ProxyAuthenticationInfo,
  WwwAuthenticate,
  MaxForwards,
  RetryAfter,
  Allow,
  Origin,
  AccessControlAllowOrigin,
  StrictTransportSecurity,
  AltSvc,
  CacheStatus,
  Http2Settings,
  EarlyData,
  CdnCacheControl,
};

inline constexpr std::size_t kFieldIds = 63;

// Case-insensitive; one hash and one comparison.
FieldId field_id(std::string_view name);

// "Content-Length"; empty for Other.
std::string_view field_name(FieldId id);

// Names as a set: a bit for each id.
using FieldSet = std::uint64_t;

constexpr FieldSet field_set(FieldId id) {
  return FieldSet{1} << static_cast<unsigned>(id);
}
constexpr FieldSet field_set(std::initializer_list<FieldId> ids) {
  FieldSet set = 0;
  for (const FieldId id : ids) set |= field_set(id);
  return set;
}

struct Field {
  std::string_view name;   // as sent
  std::string_view value;  // without the white space around it
  FieldId id = FieldId::Other;
};

// A list of fields in the order of the message. clear() keeps the capacity: a pooled list allocates
// nothing once it has seen its largest message.
class Fields {
 public:
  using const_iterator = std::vector<Field>::const_iterator;

  void add(std::string_view name, std::string_view value) { add(name, value, field_id(name)); }
  // REQUIRES: id is not Other.
  void add(FieldId id, std::string_view value) { add(field_name(id), value, id); }
  // REQUIRES: id == field_id(name); for parsers, which know it already.
  void add(std::string_view name, std::string_view value, FieldId id) {
    present_ |= field_set(id);
    fields_.push_back(Field{name, value, id});
  }

  // Gives the first field of that name the value and removes the others; adds it if there is none.
  void set(std::string_view name, std::string_view value);
  void set(FieldId id, std::string_view value);

  // Removes every field of that name and returns how many there were.
  std::size_t remove(FieldId id);
  std::size_t remove(std::string_view name);
  template <typename Pred>
  std::size_t remove_if(Pred&& pred) {
    const std::size_t removed = std::erase_if(fields_, pred);
    if (removed != 0) note_present();
    return removed;
  }

  // The first field of that name, or nullptr; valid until the list changes.
  const Field* find(FieldId id) const;
  const Field* find(std::string_view name) const;

  // One test of a bit. REQUIRES: id is not Other.
  bool has(FieldId id) const { return has_any(field_set(id)); }
  // Likewise, of any of them.
  bool has_any(FieldSet ids) const { return (present_ & ids) != 0; }
  std::size_t count(FieldId id) const;

  // The first value of that name; empty if there is none.
  std::string_view value(FieldId id) const;
  std::string_view value(std::string_view name) const;

  const_iterator begin() const { return fields_.begin(); }
  const_iterator end() const { return fields_.end(); }
  const Field& operator[](std::size_t index) const { return fields_[index]; }
  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }

  void reserve(std::size_t fields) { fields_.reserve(fields); }
  void clear() {
    fields_.clear();
    present_ = 0;
  }

  // For bytes that were moved or copied: views of `from` become views of `to`, of as many bytes.
  // Other views stay.
  void rebase(std::string_view from, const char* to);

 private:
  void note_present();

  std::vector<Field> fields_;
  FieldSet present_ = 0;  // misses cost no search
};

// One view, as Fields::rebase() does.
inline void rebase(std::string_view& view, std::string_view from, const char* to) {
  // As integers: the views may point anywhere, and only integers of unrelated objects compare.
  const std::uintptr_t offset =
      reinterpret_cast<std::uintptr_t>(view.data()) - reinterpret_cast<std::uintptr_t>(from.data());
  if (offset <= from.size()) view = {to + offset, view.size()};
}

// ASCII only.
bool iequals(std::string_view a, std::string_view b);

// RFC 9110 5.6.2: at least one byte, all of tchar. For names that come from configuration.
bool is_token(std::string_view text);

// RFC 9110 5.5: no control but HTAB, so that a value can never end its line.
bool is_field_value(std::string_view text);

// Walks a comma-separated list (RFC 9110 5.6.1): elements without the white space around them,
// empty ones left out. Not for lists whose elements may be quoted strings with commas inside.
class ListReader {
 public:
  explicit ListReader(std::string_view value) : rest_(value) {}

  // Stores the next element; false at the end.
  bool next(std::string_view& element);

 private:
  std::string_view rest_;
};

// True if the list holds `token` as a whole element, whatever its case.
bool list_contains_token(std::string_view value, std::string_view token);

// The same of the name before an argument: "no-transform" and "no-transform=1" are one directive.
bool list_contains_directive(std::string_view value, std::string_view name);

// Without SP and HTAB at both ends.
std::string_view trim_ows(std::string_view text);

}  // namespace sluice::http
