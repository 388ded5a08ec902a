// SPDX-License-Identifier: MIT
// Accept-Encoding (RFC 9110 12.5.3): which content codings a client takes, and which it likes best.
// Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "proxy/http/headers.h"

namespace sluice::http {

// Whether the fields name `coding`, or "*" without naming it, with a weight above 0. Without the
// field none is taken for granted: who does not ask gets what everybody can read.
bool accepts_encoding(const Fields& fields, std::string_view coding);

// The index of the coding with the highest weight, the first of them where several have it; the
// number of codings when the client takes none, or would rather have the content as it is.
std::size_t choose_encoding(const Fields& fields, std::span<const std::string_view> codings);

}  // namespace sluice::http
