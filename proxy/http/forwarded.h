// SPDX-License-Identifier: MIT
// Who the client is, and what backends are told about it. What a peer says about the client is
// believed only if the peer is trusted; everybody else's word is overwritten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/ip.h"
#include "proxy/http/headers.h"

namespace sluice::http {

// The field in which trusted proxies say whose request it is. Not both: what a proxy does not write
// itself, it passes on as some client has forged it.
enum class ClientField : std::uint8_t { XForwardedFor, Forwarded };

// The address to log, limit and ban by. The peer itself unless it is trusted; else the field is
// walked from right to left, over all its lines, and the first address that is not trusted is the
// client. An element that is no address ("unknown", quotes that do not match) ends the walk: what
// lies to its left was vouched for by nobody, so the last good address stands. Empty elements are
// ignored (RFC 9110 5.6.1.2). Elements may carry a port; those of Forwarded are the for= parameters
// (RFC 7239 5.2), whose port may be obfuscated ("_gazonk"), and what stands in quoted strings is no
// element and no parameter.
IpAddress client_address(IpAddress peer, const CidrSet& trusted, const Fields& fields,
                         ClientField from = ClientField::XForwardedFor);

// Whether a trusted peer's Forwarded reaches the backend as it is, with the peer behind it; else it
// is removed, or written anew.
bool passes_forwarded(const Fields& fields, ClientField client_field);

// What this hop knows of its side of the request.
struct ForwardedHop {
  IpAddress peer;    // of the connection; none for a unix socket, which is not trusted
  IpAddress client;  // client_address() of it
  bool peer_trusted = false;
  ClientField client_field = ClientField::XForwardedFor;  // where the client was read
  std::string_view scheme;                                // "http" or "https"
  std::string_view host;                                  // the request's authority; may be empty
};

// Room that apply_forwarded() needs, at most.
std::size_t forwarded_bound(const Fields& fields, const ForwardedHop& hop);

// Makes X-Forwarded-For, -Proto and -Host say what is so.
// Untrusted peer: they are overwritten; X-Forwarded-Port, Forwarded and X-Real-IP are removed.
// Trusted peer: the peer is appended to the field that the client was read from (X-Forwarded-For,
// or Forwarded if that is there; its fields become one). What else tells of the client may be
// forged, and shall not contradict it: X-Forwarded-For is written anew, client and peer, Forwarded
// removed; an X-Real-IP becomes the client. A Forwarded that would swallow what is appended, as a
// quote in it is open, is written anew, too. -Proto and -Host are kept, or set if absent; -Port is
// kept. Built values are written to `space` and borrowed by `fields`, as are scheme and host: all
// must live as long. REQUIRES: room for forwarded_bound() bytes at `space`.
void apply_forwarded(Fields& fields, const ForwardedHop& hop, char* space);

}  // namespace sluice::http
