// SPDX-License-Identifier: MIT
// BodyFilter: what the body of one response passes through on its way to the client. A
// ResponseFilter installs it in on_head(); it lives in the exchange's arena and ends with the
// exchange, whichever way that ends: then not a byte more comes out of it. Single-threaded.
#pragma once

#include <string_view>

#include "proxy/http/headers.h"

namespace sluice::exchange {

class BodyFilter {
 public:
  virtual ~BodyFilter() = default;

  // The next bytes of the body. What has become of them goes to Exchange::client_sink(), now or
  // later; what is kept back has a bound.
  virtual void write(std::string_view bytes) = 0;
  // The body is complete: what was kept back goes. False: it cannot be, and the client must not
  // take what it has for the whole.
  virtual bool finish() = 0;
  // Whether what a trailer says still holds of what has become of the body.
  virtual bool keeps(const http::Field& /*trailer*/) const { return true; }
};

}  // namespace sluice::exchange
