// SPDX-License-Identifier: MIT
// Paths and authorities (RFC 3986) as a proxy must read them: so that two spellings of one resource
// cannot pass two different rules. Pure functions over borrowed views; nothing allocates but
// percent_encode().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/chars.h"

namespace sluice::http {

// False if normalise_path() would surely change nothing and refuse nothing: the common case, told
// in one pass.
bool needs_normalising(std::string_view path);

// Writes the canonical spelling of an absolute path (without query) to `out` and returns its
// length: unreserved characters are percent-decoded, once; other escapes get upper-case digits
// ("%2f" stays a "%2F"); "//" becomes "/"; dot segments are removed (RFC 3986 5.2.4), also encoded
// ones. nullopt for a path that does not begin with '/', a broken escape, "%00", or ".." above the
// root. REQUIRES: room for path.size() bytes at `out`; `out` may be path.data().
std::optional<std::size_t> normalise_path(std::string_view path, char* out);

// The spelling by which rules are matched: of a normalised path, with all escapes undone but those
// of '/' and '%', which would read as something else. For an origin "/v1/x%3Adelete" may be another
// path than "/v1/x:delete" (RFC 3986 2.2), so it is forwarded as it was written; but most take it
// for the same, so no rule may tell them apart. Returns its length, path.size() at most.
// REQUIRES: room for that at `out`, which may be path.data().
std::size_t matched_spelling(std::string_view path, char* out);
// How many bytes of the normalised path the first `size` of its matched spelling stand for.
std::size_t normalised_size(std::string_view path, std::size_t size);
// Whether the matched spelling of the path begins with `prefix`, which is one.
bool is_matched_by(std::string_view path, std::string_view prefix);

// Writes the text with an escape for each byte that a URI cannot hold (RFC 3986 2: neither reserved
// nor unreserved, nor the '%' of what is encoded already), and returns its end. A Location is made
// so: browsers take "\" for "/". REQUIRES: room for 3 * text.size() bytes at `out`.
char* put_uri_text(char* out, std::string_view text);

// The text with an escape, "%C3%BC", for each byte that is not of the classes: by default those
// that are never anything but themselves.
std::string percent_encode(std::string_view text, std::uint8_t classes = char_class::kUnreserved);

inline constexpr std::size_t kMaxHost = 255;  // bytes; DNS allows 253, and a final dot

struct Authority {
  std::string_view host;  // a name, an IPv4 address, or "[IPv6]"; never empty
  std::optional<std::uint16_t> port;
};

// Splits "host[:port]". A name may hold letters, digits, '-', '_' and '.', no empty label but one
// trailing dot, and kMaxHost bytes; what stands in brackets must be an IPv6 address without zone; a
// port has one to five digits, up to 65535. RFC 3986 would also allow sub-delims, percent escapes
// and an empty port; no host is named so, and each is a way to be understood differently by a
// backend.
std::optional<Authority> parse_authority(std::string_view text);

// Writes the host in lower case and without a trailing dot, an IPv6 address as RFC 5952 spells it
// (but for an IPv4-mapped one), and returns its length: what routes and cache keys compare.
// REQUIRES: room for host.size() bytes at `out`, and for one more behind an address.
std::size_t canonical_host(std::string_view host, char* out);

// Of "http://a:0080" the port is "80", and that is the scheme's own: then it is empty. The digits
// alone, a part of `port`.
std::string_view canonical_port(std::string_view port, bool https);

}  // namespace sluice::http
