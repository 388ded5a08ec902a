// SPDX-License-Identifier: MIT
// What a client makes of a compressed body, by the decoders of the libraries.
#pragma once

#include <string>
#include <string_view>

namespace sluice::support {

struct Decoded {
  std::string text;    // as far as it could be read
  bool whole = false;  // the stream ended where the bytes did
};

// `coding`: "br", "zstd" or "gzip". Throws Failure on what is no such stream.
Decoded decode(std::string_view coding, std::string_view bytes);

}  // namespace sluice::support
