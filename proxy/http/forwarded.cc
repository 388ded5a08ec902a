// SPDX-License-Identifier: MIT
#include "proxy/http/forwarded.h"

#include <optional>

#include "proxy/http/uri.h"

namespace sluice::http {
namespace {

constexpr std::string_view kSeparator = ", ";
constexpr std::string_view kForBegin = "for=";
constexpr std::string_view kProto = ";proto=";
constexpr std::size_t kForwardedElement = 64;  // "for=" an address in quotes and brackets ";proto="

// "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711".
std::optional<IpAddress> parse_node(std::string_view text) {
  if (const std::optional<IpAddress> address = IpAddress::parse(text)) return address;
  const std::optional<Authority> node = parse_authority(text);
  if (!node) return std::nullopt;
  std::string_view host = node->host;
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  return IpAddress::parse(host);
}

// The for= parameter of one element: for=192.0.2.1;proto=http, for="[2001:db8::1]:4711".
std::optional<IpAddress> parse_forwarded_for(std::string_view element) {
  constexpr std::string_view kName = "for=";
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = element.find(';');
    const std::string_view pair = trim_ows(element.substr(0, end));
    if (end != std::string_view::npos) element.remove_prefix(end + 1);
    if (!iequals(pair.substr(0, kName.size()), kName)) continue;
    std::string_view value = pair.substr(kName.size());
    const bool quoted = value.size() > 1 && value.front() == '"' && value.back() == '"';
    if (quoted) value = value.substr(1, value.size() - 2);
    return parse_node(value);
  }
  return std::nullopt;
}

using ParseElement = std::optional<IpAddress> (*)(std::string_view);

// Walks one field's elements from the right. Returns true when `client` is final.
bool walk_back(std::string_view value, ParseElement parse, const CidrSet& trusted,
               IpAddress& client) {
  for (;;) {
    const std::size_t comma = value.rfind(',');
    const bool last = comma == std::string_view::npos;
    const std::optional<IpAddress> address =
        parse(trim_ows(last ? value : value.substr(comma + 1)));
    if (!address) return true;
    client = *address;
    if (!trusted.contains(client)) return true;
    if (last) return false;
    value = value.substr(0, comma);
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
void put_forwarded_element(Writer& writer, const ForwardedHop& hop) {
  writer.put(kForBegin);
  if (hop.peer.is_none()) {
    writer.put("unknown");
  } else if (hop.peer.is_v6()) {
    writer.put("\"[");
    writer.put(hop.peer);
    writer.put("]\"");
  } else {
    writer.put(hop.peer);
  }
  writer.put(kProto);
  writer.put(hop.scheme);
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

void append(Fields& fields, const ForwardedHop& hop, Writer& writer) {
  if (!hop.peer.is_none()) {
    writer.put_list(fields, FieldId::XForwardedFor);
    writer.put(hop.peer);
    fields.set(FieldId::XForwardedFor, writer.take());
  }
  if (fields.has(FieldId::Forwarded)) {
    writer.put_list(fields, FieldId::Forwarded);
    put_forwarded_element(writer, hop);
    fields.set(FieldId::Forwarded, writer.take());
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
  const ParseElement parse = forwarded ? parse_forwarded_for : parse_node;
  IpAddress client = peer;
  for (std::size_t i = fields.size(); i-- > 0;) {
    if (fields[i].id != id) continue;
    if (walk_back(fields[i].value, parse, trusted, client)) break;
  }
  return client;
}

std::size_t forwarded_bound(const Fields& fields, const ForwardedHop& hop) {
  if (!hop.peer_trusted) return IpAddress::kMaxText;
  return list_bound(fields, FieldId::XForwardedFor) + IpAddress::kMaxText +
         list_bound(fields, FieldId::Forwarded) + kForwardedElement + hop.scheme.size();
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
