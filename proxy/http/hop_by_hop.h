// SPDX-License-Identifier: MIT
// What a proxy must take out of a message before it passes it on (RFC 9110 7.6.1), and names that
// must not pass at all.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/http/headers.h"

namespace sluice::http {

// Removes the fields that speak to us alone: Connection, Keep-Alive, Proxy-Connection, TE,
// Transfer-Encoding, Upgrade, HTTP2-Settings, Proxy-Authenticate, Proxy-Authorization and
// Proxy-Authentication-Info; and the fields that Connection names, but for known end-to-end ones:
//
// An option may only take away a field whose FieldId is Other. Connection would otherwise let a
// client strip what others rely on behind us (Host, Content-Length, Cookie, Authorization,
// X-Forwarded-For). Fields we set ourselves under custom names must be set after this call.
//
// Trailer stays: it announces fields of the message, not of the connection. So does Content-Length;
// head_writer decides framing. An accepted upgrade is written anew with ConnectionField::Upgrade,
// so keep the value of Upgrade before calling.
void strip_hop_by_hop(Fields& fields);

// Of that, only the fields that Connection names: for who has to see, before the message is passed
// on, what the next one will see of it. Connection itself stays.
void strip_nominated(Fields& fields);

// Removes fields whose name holds '_' or '.': CGI-style backends fold these into '-', so that
// X_Forwarded_For would pass as the field we manage. `allowed` names stay, compared exactly but for
// case.
void drop_ambiguous_names(Fields& fields, std::span<const std::string> allowed = {});

// Whether that name holds '_' or '.'.
bool is_ambiguous(std::string_view name);

// Whether such a backend takes both names for the same one: '-', '_' and '.' are one character
// then, and case makes no difference.
bool folds_alike(std::string_view a, std::string_view b);

// RFC 9110 6.5.1: of the fields known here only ETag makes sense behind a body. Unknown ones may
// pass.
bool allowed_in_trailers(FieldId id);

}  // namespace sluice::http
