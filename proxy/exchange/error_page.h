// SPDX-License-Identifier: MIT
// The proxy's own error answers: a short plain-text body that names the request id, and
// Proxy-Status (RFC 9209), so that nobody has to guess whose error it is.
#pragma once

#include "proxy/exchange/failure.h"

namespace sluice::exchange {

class Exchange;

// Sends head and body. REQUIRES: no head was sent yet.
void send_error_page(Exchange& exchange, const Failure& failure);

}  // namespace sluice::exchange
