// SPDX-License-Identifier: MIT
// The small languages inside a configuration's strings: addresses, CIDR blocks, host and path
// patterns, header fields, redirect targets. Each check answers with what is wrong, or nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::conf {

struct Fault {
  std::string message;
  std::string hint;  // or empty
};

struct Endpoint {
  enum class Kind { Any, Ip, Name, Unix };  // Any: a port of every address, IPv4 and IPv6

  Kind kind = Kind::Any;
  std::string host;  // Ip: as inet_ntop prints it, IPv6 in brackets; Unix: the path
  std::uint16_t port = 0;

  // The same for two spellings of one endpoint.
  std::string canonical() const;
};

// Parses "host:port", "[v6]:port", ":port" and "unix:/path". On failure *fault is set.
std::optional<Endpoint> parse_endpoint(std::string_view text, Fault* fault);

// An address to listen at: IP or any; port 0 is allowed.
std::optional<Fault> listener_address_fault(std::string_view text);
// Whether only this machine reaches it: a loopback address or a socket file.
bool is_local(std::string_view address);
// Of an admin token: what a header field can carry, without spaces. Empty is none, and fine.
std::optional<Fault> token_fault(std::string_view text);
// An address to connect to: IP, name or socket file; the port is not 0.
std::optional<Fault> backend_address_fault(std::string_view text);
// "IP" or "IP:port" of a DNS server.
std::optional<Fault> resolver_address_fault(std::string_view text);
// An IP address, or "address/bits" without bits set behind the mask.
std::optional<Fault> cidr_fault(std::string_view text);

// "a.example", "*.example" or an IP literal; no port.
std::optional<Fault> host_pattern_fault(std::string_view text);
// What a Host field may name (RFC 9110, section 7.2): a name or an IP literal, and perhaps a port.
std::optional<Fault> host_value_fault(std::string_view text);
// "/exact" or "/prefix/*", in the normalised form of a request's path (RFC 3986, section 6.2.2).
std::optional<Fault> path_pattern_fault(std::string_view text);

// RFC 9110, section 5.6.2.
bool is_token(std::string_view text);

// A field that may be edited: a token (RFC 9110, section 5.1) that neither frames messages nor
// belongs to one connection alone (section 7.6.1).
std::optional<Fault> field_name_fault(std::string_view name);
// A name with _ or . that clients may send: a token that no backend takes for a field of the
// proxy's own (or of access to the backend) when it folds both characters into -.
std::optional<Fault> allowed_name_fault(std::string_view name);
// Such a name as backends read it: in lower case, with - for _ and for a dot.
std::string folded_name(std::string_view name);
// RFC 9110, section 5.5.
std::optional<Fault> field_value_fault(std::string_view value);

// What an Upgrade field may name: "websocket", "name/version" (RFC 9110, section 7.8).
std::optional<Fault> protocol_fault(std::string_view text);

// A URL or an absolute path, with ${scheme} ${host} ${path} ${query} ${uri} anywhere.
std::optional<Fault> redirect_target_fault(std::string_view text);

}  // namespace sluice::conf
