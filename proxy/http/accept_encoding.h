// SPDX-License-Identifier: MIT
// Accept-Encoding (RFC 9110 12.5.3): whether a client takes a content coding. Pure.
#pragma once

#include <string_view>

#include "proxy/http/headers.h"

namespace sluice::http {

// Whether the fields name `coding`, or "*" without naming it, with a weight above 0. Without the
// field none is taken for granted: who does not ask gets what everybody can read.
bool accepts_encoding(const Fields& fields, std::string_view coding);

}  // namespace sluice::http
