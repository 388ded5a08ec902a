// SPDX-License-Identifier: MIT
#include "proxy/http/forwarded.h"

#include <algorithm>
#include <array>
#include <optional>

#include "proxy/base/check.h"
#include "proxy/http/chars.h"
#include "proxy/http/uri.h"

namespace sluice::http {
namespace {

constexpr std::string_view kSeparator = ", ";
constexpr std::string_view kForBegin = "for=";
constexpr std::string_view kProto = ";proto=";
constexpr std::size_t kForwardedElement = 64;  // for="[an address]";proto= and a separator
constexpr std::size_t kPortMax = 64;           // obfuscated ones are long
constexpr std::size_t kNodeMax = IpAddress::kMaxText + sizeof("[]:") + kPortMax;

std::optional<IpAddress> parse_host(std::string_view host) {
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  return IpAddress::parse(host);
}

// "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711".
std::optional<IpAddress> parse_node(std::string_view text) {
  if (const std::optional<IpAddress> address = IpAddress::parse(text)) return address;
  const std::optional<Authority> node = parse_authority(text);
  return node ? parse_host(node->host) : std::nullopt;
}

// RFC 7239 6.3: "_", and something behind it.
bool is_obfuscated(std::string_view port) {
  return port.size() > 1 && port.front() == '_' &&
         std::all_of(port.begin(), port.end(),
                     [](char c) { return is_class(c, char_class::kHostName); });
}

// The same, but for that its port may be obfuscated: "192.0.2.1:_gazonk".
std::optional<IpAddress> parse_forwarded_node(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_obfuscated(text.substr(colon + 1))) {
    return parse_node(text);
  }
  const std::optional<Authority> node = parse_authority(text.substr(0, colon));
  return node && !node->port ? parse_host(node->host) : std::nullopt;
}

// A name and its value (RFC 7239 4), without the quotes around it; what has no "=" is all name.
struct Pair {
  std::string_view name;
  std::string_view value;
  bool quoted = false;
};

Pair split_pair(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {text, {}};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

// Of a quoted string (RFC 9110 5.6.4), from behind its opening quote; npos: it has no end.
std::size_t find_closing_quote(std::string_view text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '"') return i;
    if (text[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

// Takes the first pair off an element. None: there are quotes where none may be.
std::optional<Pair> take_pair(std::string_view& element) {
  const std::size_t end = std::min(element.find_first_of(";\""), element.size());
  const std::string_view text = trim_ows(element.substr(0, end));
  if (end == element.size() || element[end] == ';') {
    element.remove_prefix(std::min(end + 1, element.size()));
    return split_pair(text);
  }
  const std::size_t close = find_closing_quote(element, end + 1);
  Pair pair = split_pair(text);
  if (close == std::string_view::npos || !text.ends_with('=') || !pair.value.empty()) return {};
  pair.value = element.substr(end + 1, close - end - 1);
  pair.quoted = true;
  element = trim_ows(element.substr(close + 1));
  if (!element.empty() && element.front() != ';') return std::nullopt;
  element.remove_prefix(std::min<std::size_t>(1, element.size()));
  return pair;
}

// What quoted-pairs stand for: "192.0.2.1\:80".
std::optional<IpAddress> parse_quoted_node(std::string_view text) {
  std::array<char, kNodeMax> plain;
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    if (i == text.size() || size == plain.size()) return std::nullopt;
    plain[size++] = text[i];
  }
  return parse_forwarded_node({plain.data(), size});
}

// The for= parameter of one element: for=192.0.2.1;proto=http, for="[2001:db8::1]:4711". None, too,
// where it occurs twice, which it must not (RFC 7239 4): one of them is somebody else's.
std::optional<IpAddress> parse_forwarded_for(std::string_view element) {
  std::optional<Pair> node;
  while (!element.empty()) {
    const std::optional<Pair> pair = take_pair(element);
    if (!pair) return std::nullopt;
    if (!iequals(pair->name, "for")) continue;
    if (node) return std::nullopt;
    node = pair;
  }
  if (!node) return std::nullopt;
  return node->quoted ? parse_quoted_node(node->value) : parse_forwarded_node(node->value);
}

// Whether an odd number of backslashes stands before it.
bool is_escaped(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && text[begin - 1] == '\\') --begin;
  return (at - begin) % 2 == 1;
}

// Where a list's last element begins, less one; npos: there is only one; none: it has quotes
// without a partner. Quotes are paired from the right: a proxy's own element ends the list, and
// what its client has put before it, open quotes and all, changes nothing of how that is read.
std::optional<std::size_t> last_comma(std::string_view list) {
  bool quoted = false;
  for (std::size_t i = list.size(); i-- > 0;) {
    if (list[i] == ',' && !quoted) return i;
    if (list[i] != '"') continue;
    const bool escaped = is_escaped(list, i);
    if (escaped && !quoted) return std::nullopt;
    if (!escaped) quoted = !quoted;
  }
  if (quoted) return std::nullopt;
  return std::string_view::npos;
}

std::optional<std::size_t> last_plain_comma(std::string_view list) {
  return list.rfind(',');
}

struct Grammar {
  std::optional<std::size_t> (*last_comma)(std::string_view list);
  std::optional<IpAddress> (*parse)(std::string_view element);
};
constexpr Grammar kPlain = {last_plain_comma, parse_node};
constexpr Grammar kForwarded = {last_comma, parse_forwarded_for};

// Walks one field's elements from the right. Returns true when `client` is final.
bool walk_back(std::string_view value, const Grammar& grammar, const CidrSet& trusted,
               IpAddress& client) {
  for (;;) {
    const std::optional<std::size_t> comma = grammar.last_comma(value);
    if (!comma) return true;
    const bool last = *comma == std::string_view::npos;
    const std::string_view element = trim_ows(last ? value : value.substr(*comma + 1));
    if (!element.empty()) {  // RFC 9110 5.6.1.2: empty ones are ignored
      const std::optional<IpAddress> address = grammar.parse(element);
      if (!address) return true;
      client = *address;
      if (!trusted.contains(client)) return true;
    }
    if (last) return false;
    value = value.substr(0, *comma);
  }
}

// Appends to memory that forwarded_bound() has measured.
class Writer {
 public:
  explicit Writer(char* space) : begin_(space), at_(space) {}

  void put(std::string_view text) { at_ += text.copy(at_, text.size()); }
  void put(const IpAddress& address) { at_ += address.to_text(at_); }

  // The fields of that name as one list, with a separator behind it if it is not empty.
  void put_list(const Fields& fields, FieldId id) {
    for (const Field& field : fields) {
      if (field.id != id || field.value.empty()) continue;
      put(field.value);
      put(kSeparator);
    }
  }

  // What was put since the last call.
  std::string_view take() {
    const std::string_view text(begin_, static_cast<std::size_t>(at_ - begin_));
    begin_ = at_;
    return text;
  }

 private:
  char* begin_;
  char* at_;
};

std::size_t list_bound(const Fields& fields, FieldId id) {
  if (!fields.has(id)) return 0;
  std::size_t bytes = 0;
  for (const Field& field : fields) {
    if (field.id == id) bytes += field.value.size() + kSeparator.size();
  }
  return bytes;
}

// RFC 7239 section 6: an IPv6 address stands in brackets, and therefore in quotes.
void put_forwarded_node(Writer& writer, const IpAddress& address) {
  writer.put(kForBegin);
  if (address.is_v6()) {
    writer.put("\"[");
    writer.put(address);
    writer.put("]\"");
  } else {
    writer.put(address);
  }
}

// Whether what is appended could be read as part of a quoted string: a line ends within one, or has
// an escape outside of them, which some take for one of the quote behind it.
bool has_broken_quotes(const Fields& fields, FieldId id) {
  return std::any_of(fields.begin(), fields.end(), [id](const Field& field) {
    if (field.id != id) return false;
    std::size_t at = field.value.find_first_of("\"\\");
    while (at != std::string_view::npos) {
      if (field.value[at] == '\\') return true;
      at = find_closing_quote(field.value, at + 1);
      if (at == std::string_view::npos) return true;
      at = field.value.find_first_of("\"\\", at + 1);
    }
    return false;
  });
}

void set_unless_empty(Fields& fields, FieldId id, std::string_view value) {
  if (value.empty()) {
    fields.remove(id);
  } else {
    fields.set(id, value);
  }
}

void overwrite(Fields& fields, const ForwardedHop& hop, Writer& writer) {
  fields.remove(FieldId::XForwardedPort);
  fields.remove(FieldId::Forwarded);
  fields.remove(FieldId::XRealIp);
  if (!hop.peer.is_none()) writer.put(hop.peer);
  set_unless_empty(fields, FieldId::XForwardedFor, writer.take());
  set_unless_empty(fields, FieldId::XForwardedProto, hop.scheme);
  set_unless_empty(fields, FieldId::XForwardedHost, hop.host);
}

void append_to_addresses(Fields& fields, const ForwardedHop& hop, Writer& writer) {
  if (hop.client_field == ClientField::XForwardedFor) {
    writer.put_list(fields, FieldId::XForwardedFor);
  } else if (hop.client != hop.peer) {
    writer.put(hop.client);
    writer.put(kSeparator);
  }
  writer.put(hop.peer);
  fields.set(FieldId::XForwardedFor, writer.take());
}

void append_to_forwarded(Fields& fields, const ForwardedHop& hop, Writer& writer) {
  if (!fields.has(FieldId::Forwarded)) return;
  if (hop.client_field != ClientField::Forwarded) {
    fields.remove(FieldId::Forwarded);
    return;
  }
  if (passes_forwarded(fields, hop.client_field)) {
    writer.put_list(fields, FieldId::Forwarded);
  } else if (hop.client != hop.peer) {
    put_forwarded_node(writer, hop.client);
    writer.put(kSeparator);
  }
  put_forwarded_node(writer, hop.peer);
  writer.put(kProto);
  writer.put(hop.scheme);
  fields.set(FieldId::Forwarded, writer.take());
}

// Nobody trusts a peer without an address (CidrSet), and the client of another has one.
void append(Fields& fields, const ForwardedHop& hop, Writer& writer) {
  CHECK(!hop.peer.is_none() && !hop.client.is_none());
  append_to_addresses(fields, hop, writer);
  append_to_forwarded(fields, hop, writer);
  if (fields.has(FieldId::XRealIp)) {
    writer.put(hop.client);
    fields.set(FieldId::XRealIp, writer.take());
  }
  if (fields.value(FieldId::XForwardedProto).empty()) {
    set_unless_empty(fields, FieldId::XForwardedProto, hop.scheme);
  }
  if (fields.value(FieldId::XForwardedHost).empty()) {
    set_unless_empty(fields, FieldId::XForwardedHost, hop.host);
  }
}

}  // namespace

IpAddress client_address(IpAddress peer, const CidrSet& trusted, const Fields& fields,
                         ClientField from) {
  const bool forwarded = from == ClientField::Forwarded;
  const FieldId id = forwarded ? FieldId::Forwarded : FieldId::XForwardedFor;
  if (!fields.has(id) || !trusted.contains(peer)) return peer;
  const Grammar& grammar = forwarded ? kForwarded : kPlain;
  IpAddress client = peer;
  for (std::size_t i = fields.size(); i-- > 0;) {
    if (fields[i].id != id) continue;
    if (walk_back(fields[i].value, grammar, trusted, client)) break;
  }
  return client;
}

bool passes_forwarded(const Fields& fields, ClientField client_field) {
  return client_field == ClientField::Forwarded && !has_broken_quotes(fields, FieldId::Forwarded);
}

std::size_t forwarded_bound(const Fields& fields, const ForwardedHop& hop) {
  if (!hop.peer_trusted) return IpAddress::kMaxText;
  constexpr std::size_t kAddresses = 3;  // client and peer in X-Forwarded-For, X-Real-IP
  return list_bound(fields, FieldId::XForwardedFor) + list_bound(fields, FieldId::Forwarded) +
         kAddresses * (IpAddress::kMaxText + kSeparator.size()) + 2 * kForwardedElement +
         hop.scheme.size();
}

void apply_forwarded(Fields& fields, const ForwardedHop& hop, char* space) {
  Writer writer(space);
  if (hop.peer_trusted) {
    append(fields, hop, writer);
  } else {
    overwrite(fields, hop, writer);
  }
}

}  // namespace sluice::http
