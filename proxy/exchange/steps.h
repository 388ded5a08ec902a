// SPDX-License-Identifier: MIT
// The order in which a request is judged and handed on. steps.cc alone names it.
#pragma once

namespace sluice::exchange {

class Exchange;

// On return the exchange has a Responder at work, or is over.
void run_steps(Exchange& exchange);

}  // namespace sluice::exchange
