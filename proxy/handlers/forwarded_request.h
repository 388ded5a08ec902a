// SPDX-License-Identifier: MIT
// What a request becomes on its way to a backend: hop-by-hop fields and ambiguous names removed,
// the client's address, scheme, host and request id told (or told anew, if the peer is not
// trusted), Via, the route's own edits, and the target as the route rewrites it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/exchange/exchange.h"
#include "proxy/http/field_edits.h"

namespace sluice::handlers {

// The first protocol of the request's Upgrade that is among `allowed`; empty: none, or the request
// has a body, which no protocol that is tunnelled here begins with. REQUIRES: prepare_fields() has
// not been called. The view lives as long as the exchange.
std::string_view accepted_upgrade(const exchange::Exchange& exchange,
                                  std::span<const std::string> allowed);

// The fields for the backend; once per exchange, whatever the number of tries. Without edits they
// are the request's own, changed in place; with them, or where the request's are `kept`, a list in
// the exchange's fields_slot(), so that what is decided and logged about the client is by what it
// sent.
http::Fields& prepare_fields(exchange::Exchange& exchange, const http::FieldEdits& edits,
                             bool kept = false);

// The trailers without those that the route's edits set or remove: nobody may send behind the body
// what he may not send before it.
http::Fields forwarded_trailers(const http::Fields& trailers, const http::FieldEdits& edits);

// The request target for the backend, from the exchange's arena if it differs from what was sent.
std::string_view forwarded_target(exchange::Exchange& exchange);

}  // namespace sluice::handlers
