// SPDX-License-Identifier: MIT
// The order in which a request is judged and handed on. steps.cc alone names it.
#pragma once

namespace sluice::exchange {

class Exchange;

// On return the exchange has a Responder at work, waits for its turn, or is over.
void run_steps(Exchange& exchange);
// It has waited for its turn.
void continue_steps(Exchange& exchange);

}  // namespace sluice::exchange
