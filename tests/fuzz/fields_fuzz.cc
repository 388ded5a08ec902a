// SPDX-License-Identifier: MIT
// Field sections, and everything that works on their values: lists, options of Connection,
// hop-by-hop stripping, ambiguous names, the client's address, the forwarded fields, trailers.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/forwarded.h"
#include "proxy/http/head_grammar.h"
#include "proxy/http/head_writer.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/uri.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using http::FieldId;
using http::Fields;

constexpr http::SectionLimits kLimits{4096, 16384, 64, http::BadMessage::FieldTooLarge,
                                      http::BadMessage::HeadTooLarge};

bool parse(std::string_view bytes, Fields& fields) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  return http::take_fields(p, end, bytes.data(), kLimits, fields).status == http::ParseStatus::Done;
}

std::string text_of(const Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    text.append(field.name).append("=").append(field.value).append("\n");
  }
  return text;
}

// Elements of a list, found by hand.
std::vector<std::string_view> elements_of(std::string_view value) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t comma = value.find(',');
    const std::string_view element = http::trim_ows(value.substr(0, comma));
    if (!element.empty()) out.push_back(element);
    if (comma == std::string_view::npos) return out;
    value.remove_prefix(comma + 1);
  }
}

void check_lists(const Fields& fields) {
  for (const http::Field& field : fields) {
    const std::vector<std::string_view> expected = elements_of(field.value);
    std::vector<std::string_view> found;
    http::ListReader list(field.value);
    for (std::string_view element; list.next(element);) found.push_back(element);
    MUST(found == expected);
    for (const std::string_view element : found) {
      MUST(http::list_contains_token(field.value, element));
    }
  }
}

void check_lookups(const Fields& fields) {
  for (const http::Field& field : fields) {
    const http::Field* first = fields.find(field.name);
    MUST(first != nullptr && http::iequals(first->name, field.name));
    MUST(fields.value(field.name) == first->value);
    if (field.id != FieldId::Other) {
      MUST(fields.has(field.id) && fields.count(field.id) >= 1);
      MUST(http::iequals(http::field_name(field.id), field.name));
    }
    Fields less = fields;
    MUST(less.remove(field.name) >= 1);
    MUST(less.find(field.name) == nullptr);
    Fields set = fields;
    set.set(field.name, "x");
    MUST(set.size() == less.size() + 1 && set.value(field.name) == "x");
  }
}

bool is_connections(FieldId id) {
  switch (id) {
    case FieldId::Connection:
    case FieldId::KeepAlive:
    case FieldId::ProxyConnection:
    case FieldId::TE:
    case FieldId::TransferEncoding:
    case FieldId::Upgrade:
    case FieldId::Http2Settings:
    case FieldId::ProxyAuthenticate:
    case FieldId::ProxyAuthorization:
    case FieldId::ProxyAuthenticationInfo:
      return true;
    default:
      return false;
  }
}

bool is_nominated(const Fields& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [name](const http::Field& field) {
    return field.id == FieldId::Connection && http::list_contains_token(field.value, name);
  });
}

void check_hop_by_hop(const Fields& fields) {
  // The parsers refuse more.
  if (http::gather_facts(fields).options > http::kMaxConnectionOptions) return;
  Fields expected = fields;
  expected.remove_if([&fields](const http::Field& field) {
    return is_connections(field.id) ||
           (field.id == FieldId::Other && is_nominated(fields, field.name));
  });
  Fields stripped = fields;
  http::strip_hop_by_hop(stripped);
  MUST(text_of(stripped) == text_of(expected));
  MUST(!stripped.has(FieldId::Connection) && !stripped.has(FieldId::TransferEncoding));
  MUST(stripped.count(FieldId::Host) == fields.count(FieldId::Host));

  Fields plain = fields;
  http::drop_ambiguous_names(plain);
  for (const http::Field& field : plain) MUST(field.name.find_first_of("_.") == field.name.npos);
  const std::vector<std::string> allowed{"a_b"};
  Fields allowing = fields;
  http::drop_ambiguous_names(allowing, allowed);
  Fields without = fields;
  MUST(allowing.size() - plain.size() == without.remove("a_b"));
}

CidrSet trusted_set() {
  const std::vector<std::string> blocks{"10.0.0.0/8", "127.0.0.1", "2001:db8::/32"};
  return *CidrSet::parse(blocks);
}

std::optional<IpAddress> node_address(std::string_view text) {
  if (const auto address = IpAddress::parse(text)) return address;
  const auto authority = http::parse_authority(text);
  if (!authority) return std::nullopt;
  std::string_view host = authority->host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return IpAddress::parse(host);
}

// The walk from right to left over all X-Forwarded-For fields as one list.
IpAddress expected_client(IpAddress peer, const CidrSet& trusted, const Fields& fields) {
  if (!trusted.contains(peer)) return peer;
  std::vector<std::string_view> nodes;
  for (const http::Field& field : fields) {
    if (field.id != FieldId::XForwardedFor) continue;
    for (const std::string_view node : elements_of(field.value)) nodes.push_back(node);
  }
  IpAddress client = peer;
  for (auto node = nodes.rbegin(); node != nodes.rend() && trusted.contains(client); ++node) {
    const std::optional<IpAddress> address = node_address(*node);
    if (!address) break;
    client = *address;
  }
  return client;
}

// The elements of a Forwarded field whose quotes are in order, found from the left.
std::optional<std::vector<std::string_view>> quoted_elements_of(std::string_view value) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"') {
      const bool begins_value = i > 0 && value[i - 1] == '=';
      const std::string_view rest = http::trim_ows(value.substr(i + 1));
      const bool ends_value = rest.empty() || rest.front() == ',' || rest.front() == ';';
      if (quoted ? !ends_value : !begins_value) return std::nullopt;
      quoted = !quoted;
    } else if (value[i] == '\\') {
      if (!quoted) return std::nullopt;
      ++i;
    } else if (value[i] == ',' && !quoted) {
      out.push_back(value.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  if (quoted) return std::nullopt;
  out.push_back(value.substr(begin));
  return out;
}

// Which lines the elements stand in tells nothing.
void check_forwarded_lines(IpAddress peer, const CidrSet& trusted, const Fields& fields) {
  Fields lines;
  for (const http::Field& field : fields) {
    if (field.id != FieldId::Forwarded) continue;
    const auto elements = quoted_elements_of(field.value);
    if (!elements) return;
    for (const std::string_view element : *elements) {
      lines.add(FieldId::Forwarded, http::trim_ows(element));
    }
  }
  constexpr auto kFrom = http::ClientField::Forwarded;
  MUST(http::client_address(peer, trusted, fields, kFrom) ==
       http::client_address(peer, trusted, lines, kFrom));
}

void check_hop(const Fields& fields, const http::ForwardedHop& hop) {
  Fields told = fields;
  const std::size_t bound = http::forwarded_bound(told, hop);
  const std::unique_ptr<char[]> space(new char[bound]);
  http::apply_forwarded(told, hop, space.get());
  for (const http::Field& field : told) MUST(http::is_field_value(field.value));
  MUST(told.count(FieldId::XForwardedFor) == 1);
  MUST(told.has(FieldId::XForwardedProto) && told.has(FieldId::XForwardedHost));
  const std::string_view list = told.value(FieldId::XForwardedFor);
  MUST(list.ends_with(hop.peer.to_string()));
  if (hop.peer_trusted) {
    const bool keeps = hop.client_field == http::ClientField::Forwarded;
    MUST(told.count(FieldId::Forwarded) == (keeps && fields.has(FieldId::Forwarded) ? 1U : 0U));
    MUST(told.value(FieldId::XRealIp) ==
         (fields.has(FieldId::XRealIp) ? hop.client.to_string() : ""));
    // Who trusts us and whom we trust sees the same client, in either field.
    const CidrSet trusted = trusted_set();
    MUST(http::client_address(hop.peer, trusted, told) == hop.client);
    if (told.has(FieldId::Forwarded)) {
      MUST(http::client_address(hop.peer, trusted, told, hop.client_field) == hop.client);
    }
    return;
  }
  MUST(list == hop.peer.to_string());
  MUST(told.count(FieldId::XForwardedProto) == 1 && told.count(FieldId::XForwardedHost) == 1);
  MUST(told.value(FieldId::XForwardedHost) == "h" &&
       told.value(FieldId::XForwardedProto) == "http");
  MUST(!told.has(FieldId::Forwarded) && !told.has(FieldId::XRealIp));
}

void check_forwarded(const Fields& fields) {
  const CidrSet trusted = trusted_set();
  for (const std::string_view text : {"10.1.2.3", "192.0.2.1", "2001:db8::1", "2001:db9::1"}) {
    const IpAddress peer = *IpAddress::parse(text);
    for (const auto from : {http::ClientField::XForwardedFor, http::ClientField::Forwarded}) {
      const IpAddress client = http::client_address(peer, trusted, fields, from);
      check_hop(fields, {peer, client, trusted.contains(peer), from, "http", "h"});
    }
    check_forwarded_lines(peer, trusted, fields);
    MUST(http::client_address(peer, trusted, fields) == expected_client(peer, trusted, fields));
  }
}

void check_trailers(const Fields& fields) {
  const std::size_t bound = http::trailers_bound(fields);
  const std::unique_ptr<char[]> out(new char[bound]);
  const char* end = http::write_trailers(out.get(), fields);
  const std::string text(out.get(), static_cast<std::size_t>(end - out.get()));
  MUST(text.size() <= bound);
  Fields again;
  const support::Exact exact(text);
  MUST(text.size() > kLimits.section || parse(exact.view(), again));
  Fields expected = fields;
  expected.remove_if([](const http::Field& f) { return !http::allowed_in_trailers(f.id); });
  MUST(text.size() > kLimits.section || text_of(again) == text_of(expected));
}

}  // namespace

void fields(std::string_view bytes) {
  Fields parsed;
  const support::Exact exact(bytes);
  if (!parse(exact.view(), parsed)) return;
  for (const http::Field& field : parsed) {
    MUST(http::is_token(field.name) && http::is_field_value(field.value));
  }
  check_lists(parsed);
  check_lookups(parsed);
  check_hop_by_hop(parsed);
  check_forwarded(parsed);
  check_trailers(parsed);
}

}  // namespace sluice::fuzz
