// SPDX-License-Identifier: MIT
// How a connection is asked for at the door (access/door.h), by whoever learns first who its client
// is: the acceptor, or the session that has read a PROXY header. Worker's thread.
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/access/door.h"
#include "proxy/base/ip.h"
#include "proxy/client/shared.h"

namespace sluice::client {

// Nothing: the connection is to be closed at once, and is counted as turned away.
std::optional<access::Pass> admit(Shared& shared, std::uint32_t listener, const IpAddress& client);

// The client's TLS handshake failed, and it is to blame: by what it sent, by leaving, or too
// slowly.
void note_tls_failure(Shared& shared, const IpAddress& client);

}  // namespace sluice::client
