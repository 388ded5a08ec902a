// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "conf/path.h"
#include "conf/syntax.h"

namespace sluice::conf {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kLongestSocketPath = sizeof(sockaddr_un::sun_path) - 1;

struct Ip {
  int family = AF_INET;
  std::array<unsigned char, 16> bytes{};
  std::size_t size = 4;  // of `bytes` in use
};

std::optional<Ip> parse_ip(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  Ip ip;
  if (inet_pton(AF_INET, terminated.c_str(), ip.bytes.data()) == 1) return ip;
  ip.family = AF_INET6;
  ip.size = 16;
  if (inet_pton(AF_INET6, terminated.c_str(), ip.bytes.data()) == 1) return ip;
  return std::nullopt;
}

// The IPv4 address inside an IPv4-mapped one (RFC 4291, section 2.5.5.2): they are one peer.
Ip unmapped(const Ip& ip) {
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (ip.family != AF_INET6 || !std::equal(kMapped.begin(), kMapped.end(), ip.bytes.begin())) {
    return ip;
  }
  Ip v4;
  std::copy(ip.bytes.begin() + kMapped.size(), ip.bytes.end(), v4.bytes.begin());
  return v4;
}

std::string print(const Ip& ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_ntop(ip.family, ip.bytes.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

bool digits_only(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<unsigned> parse_number(std::string_view text, unsigned max) {
  unsigned value = 0;
  if (text.empty() || !digits_only(text)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  std::size_t label = 0;
  for (const char c : text) {
    const bool inside = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (c == '.' ? label == 0 : !inside) return false;
    label = c == '.' ? 0 : label + 1;
    if (label > 63) return false;
  }
  return true;
}

std::optional<Endpoint> fail(Fault* fault, std::string message, std::string hint = {}) {
  *fault = {std::move(message), std::move(hint)};
  return std::nullopt;
}

std::optional<Endpoint> parse_unix(std::string_view text, Fault* fault) {
  const std::string_view path = text.substr(kUnix.size());
  if (path.empty() || path.front() != '/') {
    return fail(fault, fmt::format("{} names no absolute path", in_quotes(text)),
                "for example \"unix:/run/app.sock\"");
  }
  if (path.size() > kLongestSocketPath) {
    return fail(fault, fmt::format("the path of a socket file has at most {} bytes, this one {}",
                                   kLongestSocketPath, path.size()));
  }
  return Endpoint{Endpoint::Kind::Unix, std::string(path), 0};
}

// Sets kind and host.
bool parse_host(std::string_view host, Endpoint& out) {
  if (host.empty()) {
    out.kind = Endpoint::Kind::Any;
    return true;
  }
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto ip = parse_ip(bracketed ? host.substr(1, host.size() - 2) : host);
  if (ip && (ip->family == AF_INET6) == bracketed) {
    const Ip plain = unmapped(*ip);
    out.kind = Endpoint::Kind::Ip;
    out.host = plain.family == AF_INET6 ? fmt::format("[{}]", print(plain)) : print(plain);
    return true;
  }
  out.kind = Endpoint::Kind::Name;
  out.host = host;
  // "10.0.0.256" is meant as an address, not as a name.
  const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return !numeric && is_host_name(host);
}

std::optional<Fault> fault_if(bool wrong, std::string message, std::string hint = {}) {
  if (!wrong) return std::nullopt;
  return Fault{std::move(message), std::move(hint)};
}

// `ip` without the bits behind the first `length`.
Ip masked(Ip ip, std::size_t length) {
  for (std::size_t i = 0; i < ip.size; ++i) {
    const std::size_t kept = length > 8 * i ? std::min<std::size_t>(length - 8 * i, 8) : 0;
    ip.bytes[i] = static_cast<unsigned char>(ip.bytes[i] & (0xff00U >> kept));
  }
  return ip;
}

}  // namespace

std::string Endpoint::canonical() const {
  return kind == Kind::Unix ? fmt::format("{}{}", kUnix, host) : fmt::format("{}:{}", host, port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text, Fault* fault) {
  if (text.substr(0, kUnix.size()) == kUnix) return parse_unix(text, fault);
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    const std::string_view rest = text.substr(scheme + 3);
    return fail(fault, fmt::format("{} is a URL, not an address", in_quotes(text)),
                fmt::format("write only {}", in_quotes(rest.substr(0, rest.find('/')))));
  }
  const std::size_t colon = text.rfind(':');
  const std::size_t bracket = text.rfind(']');
  if (parse_ip(text) && text.find(':') != std::string_view::npos) {
    return fail(fault, fmt::format("{} is an IPv6 address without a port", in_quotes(text)),
                fmt::format("for example \"[{}]:80\"", text));
  }
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && bracket > colon)) {
    const std::string_view example = digits_only(text) ? std::string_view(":{}") : "{}:80";
    return fail(fault, fmt::format("{} has no port", in_quotes(text)),
                fmt::format("for example {}", in_quotes(fmt::format(fmt::runtime(example), text))));
  }
  const std::string_view host = text.substr(0, colon);
  const auto port = parse_number(text.substr(colon + 1), 65535);
  if (!port) {
    return fail(fault, fmt::format("{} is no port", in_quotes(text.substr(colon + 1))),
                "ports are numbers up to 65535");
  }
  Endpoint endpoint;
  endpoint.port = static_cast<std::uint16_t>(*port);
  if (!parse_host(host, endpoint)) {
    return fail(fault, fmt::format("{} is no host name and no IP address", in_quotes(host)),
                host.find(':') != std::string_view::npos && bracket == std::string_view::npos
                    ? "an IPv6 address stands in brackets: \"[::1]:80\""
                    : "");
  }
  return endpoint;
}

std::optional<Fault> listener_address_fault(std::string_view text) {
  if (text.substr(0, 2) == "*:") {
    return Fault{"\"*\" is no IP address",
                 fmt::format("all addresses are written {}", in_quotes(text.substr(1)))};
  }
  Fault fault;
  const auto endpoint = parse_endpoint(text, &fault);
  if (!endpoint) return fault;
  return fault_if(
      endpoint->kind == Endpoint::Kind::Name,
      fmt::format("{} is a name; a listener needs an IP address", in_quotes(endpoint->host)),
      endpoint->host == "localhost"
          ? fmt::format("for example \"127.0.0.1:{}\"", endpoint->port)
          : fmt::format("all addresses are written \":{}\"", endpoint->port));
}

bool is_local(std::string_view address) {
  Fault fault;
  const auto endpoint = parse_endpoint(address, &fault);
  if (!endpoint) return false;
  if (endpoint->kind == Endpoint::Kind::Unix) return true;
  return endpoint->kind == Endpoint::Kind::Ip &&
         (endpoint->host.starts_with("127.") || endpoint->host == "[::1]");
}

std::optional<Fault> backend_address_fault(std::string_view text) {
  Fault fault;
  const auto endpoint = parse_endpoint(text, &fault);
  if (!endpoint) return fault;
  if (endpoint->kind == Endpoint::Kind::Unix) return std::nullopt;
  if (endpoint->kind == Endpoint::Kind::Any) {
    return Fault{fmt::format("{} has no host", in_quotes(text)),
                 fmt::format("for example \"127.0.0.1:{}\"", endpoint->port)};
  }
  return fault_if(endpoint->port == 0, "port 0 cannot be connected to",
                  "ports are numbers from 1 to 65535");
}

std::optional<Fault> resolver_address_fault(std::string_view text) {
  if (parse_ip(text)) return std::nullopt;
  Fault fault;
  const auto endpoint = parse_endpoint(text, &fault);
  if (!endpoint) return fault;
  return fault_if(endpoint->kind != Endpoint::Kind::Ip || endpoint->port == 0,
                  fmt::format("{} is no IP address with a port", in_quotes(text)),
                  "for example \"127.0.0.1:53\"");
}

std::optional<Fault> cidr_fault(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto ip = parse_ip(text.substr(0, slash));
  if (!ip) {
    return Fault{fmt::format("{} is no IP address and no CIDR block", in_quotes(text)),
                 "for example \"10.0.0.0/8\" or \"2001:db8::/32\""};
  }
  if (slash == std::string_view::npos) return std::nullopt;
  const auto most = static_cast<unsigned>(ip->size * 8);
  const std::string_view digits = text.substr(slash + 1);
  const auto length = parse_number(digits, most);
  const bool padded = digits.size() > 1 && digits.front() == '0';
  if (!length || padded) {
    return Fault{fmt::format("{} is no prefix length", in_quotes(digits)),
                 fmt::format("numbers from 0 to {}", most)};
  }
  constexpr unsigned kMappedBits = 96;
  if (unmapped(*ip).family != ip->family && *length < kMappedBits) {
    return Fault{fmt::format("{} is wider than all of IPv4", in_quotes(text)),
                 "IPv4 and IPv6 are written as two blocks: \"0.0.0.0/0\" and \"::/0\""};
  }
  const Ip network = masked(*ip, *length);
  return fault_if(network.bytes != ip->bytes,
                  fmt::format("{} has bits set behind the first {}", in_quotes(text), *length),
                  fmt::format("did you mean \"{}/{}\"?", print(network), *length));
}

std::optional<Fault> host_value_fault(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && text.find(']', colon) == text.npos;
  const std::string_view host = text.substr(0, has_port ? colon : text.size());
  Endpoint endpoint;
  const bool fine =
      parse_host(host.substr(0, host.size() - (host.ends_with('.') ? 1 : 0)), endpoint) &&
      endpoint.kind != Endpoint::Kind::Any &&
      (!has_port || parse_number(text.substr(colon + 1), 65535));
  return fault_if(!fine, fmt::format("{} is no value of Host", in_quotes(text)),
                  "a host name or an IP address, IPv6 in brackets, and perhaps a port: "
                  "\"app.example:8080\"");
}

std::optional<Fault> host_pattern_fault(std::string_view text) {
  const auto wrong = [text](std::string_view why, std::string hint = {}) {
    return Fault{fmt::format("{} {}", in_quotes(text), why), std::move(hint)};
  };
  if (text == "*") return wrong("is no host pattern", "leave \"host\" out to match any host");
  if (text.find('/') != std::string_view::npos) {
    return wrong("is no host name", "a path belongs into \"path\"");
  }
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    return fault_if(!parse_ip(text.substr(1, text.size() - 2)),
                    fmt::format("{} is no IPv6 address", in_quotes(text)));
  }
  if (text.find(':') != std::string_view::npos) {
    if (parse_ip(text)) {
      return wrong("is an IPv6 address", fmt::format("in brackets: \"[{}]\"", text));
    }
    return wrong("has a port, which is not part of a host pattern",
                 fmt::format("did you mean {}?", in_quotes(text.substr(0, text.rfind(':')))));
  }
  const bool wildcard = text.substr(0, 2) == "*.";
  const std::string_view name = wildcard ? text.substr(2) : text;
  if (name.find('*') != std::string_view::npos) {
    return wrong("has a * in a wrong place", "only a whole first label: \"*.example.com\"");
  }
  if (!name.empty() && name.back() == '.') {
    return wrong("ends with a dot",
                 fmt::format("did you mean {}?", in_quotes(text.substr(0, text.size() - 1))));
  }
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });
  return fault_if(!is_host_name(name), fmt::format("{} is no host name", in_quotes(text)),
                  ascii ? std::string() : "international names are written as \"xn--...\"");
}

}  // namespace sluice::conf
