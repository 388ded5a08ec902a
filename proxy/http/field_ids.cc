// SPDX-License-Identifier: MIT
// The table behind field_id() and field_name(). Asked once per field line of every head, so it is a
// perfect hash over the length and three letters, checked when this file is compiled.
#include <array>
#include <cstring>

#include "proxy/http/chars.h"
#include "proxy/http/headers.h"

namespace sluice::http {
namespace {

// In the order of FieldId.
constexpr std::array<std::string_view, kFieldIds> kNames = {
    "",
    "Host",
    "Connection",
    "Content-Length",
    "Transfer-Encoding",
    "TE",
    "Trailer",
    "Upgrade",
    "Keep-Alive",
    "Proxy-Connection",
    "Expect",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "Forwarded",
    "X-Request-Id",
    "X-Real-IP",
    "Via",
    "Date",
    "Server",
    "User-Agent",
    "Referer",
    "Cookie",
    "Set-Cookie",
    "Content-Type",
    "Content-Encoding",
    "Content-Range",
    "Content-Location",
    "Location",
    "Cache-Control",
    "Pragma",
    "Expires",
    "Age",
    "Vary",
    "ETag",
    "Last-Modified",
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "If-Range",
    "Range",
    "Accept-Ranges",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "WWW-Authenticate",
    "Max-Forwards",
    "Retry-After",
    "Allow",
    "Origin",
    "Access-Control-Allow-Origin",
    "Strict-Transport-Security",
    "Alt-Svc",
    "Cache-Status",
    "HTTP2-Settings",
    "Early-Data",
    "CDN-Cache-Control",
};

constexpr std::size_t kLongest = 27;
constexpr std::size_t kSlots = 256;

// REQUIRES: size > 0. The factors were found by search; no_collision() proves them.
constexpr std::size_t slot_of(const char* name, std::size_t size) {
  const auto letter = [name](std::size_t at) -> std::size_t {
    return static_cast<unsigned char>(to_lower(name[at]));
  };
  return (size * 63 + letter(0) * 52 + letter(size - 1) * 112 + letter(size * 3 / 4) * 24) % kSlots;
}

// A name as two byte strings: text | fold == lower exactly when the text is the name in any case.
// Only letters are folded, for '\r' | 0x20 is '-'.
struct KnownName {
  std::array<char, kLongest> lower{};
  std::array<char, kLongest> fold{};
  std::uint8_t size = 0;
  FieldId id = FieldId::Other;
};

constexpr std::array<KnownName, kSlots> make_slots() {
  std::array<KnownName, kSlots> slots{};
  for (std::size_t id = 1; id < kFieldIds; ++id) {
    const std::string_view name = kNames[id];
    KnownName& slot = slots[slot_of(name.data(), name.size())];
    slot.size = static_cast<std::uint8_t>(name.size());
    slot.id = static_cast<FieldId>(id);
    for (std::size_t i = 0; i < name.size(); ++i) {
      slot.lower[i] = to_lower(name[i]);
      slot.fold[i] = slot.lower[i] >= 'a' && slot.lower[i] <= 'z' ? '\x20' : '\0';
    }
  }
  return slots;
}

constexpr std::array<KnownName, kSlots> kKnown = make_slots();

constexpr bool no_collision() {
  std::size_t used = 0;
  for (const KnownName& slot : kKnown) used += slot.size != 0 ? 1 : 0;
  return used + 1 == kFieldIds;
}
static_assert(no_collision());
static_assert(static_cast<std::size_t>(FieldId::CdnCacheControl) + 1 == kFieldIds);
static_assert(kFieldIds <= 64, "a FieldSet has a bit for each");

template <typename Word>
bool differs(const char* name, const KnownName& slot, std::size_t at) {
  Word text = 0;
  Word fold = 0;
  Word lower = 0;
  std::memcpy(&text, name + at, sizeof(Word));
  std::memcpy(&fold, slot.fold.data() + at, sizeof(Word));
  std::memcpy(&lower, slot.lower.data() + at, sizeof(Word));
  return (text | fold) != lower;
}

bool is_name(std::string_view name, const KnownName& slot) {
  const std::size_t size = name.size();
  if (size != slot.size) return false;
  std::size_t at = 0;
  if (size >= 8) {
    for (; at + 8 <= size; at += 8) {
      if (differs<std::uint64_t>(name.data(), slot, at)) return false;
    }
    return !differs<std::uint64_t>(name.data(), slot, size - 8);
  }
  if (size >= 4) {
    return !differs<std::uint32_t>(name.data(), slot, 0) &&
           !differs<std::uint32_t>(name.data(), slot, size - 4);
  }
  for (; at < size; ++at) {
    if (to_lower(name[at]) != slot.lower[at]) return false;
  }
  return true;
}

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.empty() || name.size() > kLongest) return FieldId::Other;
  const KnownName& slot = kKnown[slot_of(name.data(), name.size())];
  return is_name(name, slot) ? slot.id : FieldId::Other;
}

std::string_view field_name(FieldId id) {
  return kNames[static_cast<std::size_t>(id)];
}

}  // namespace sluice::http
