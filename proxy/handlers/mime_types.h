// SPDX-License-Identifier: MIT
// The media type of a file, by the end of its name.
#pragma once

#include <string_view>

namespace sluice::handlers {

struct MimeType {
  std::string_view name;      // "text/html; charset=utf-8"
  bool compressible = false;  // text, in one way or another
};

// "application/octet-stream" for what is not known.
MimeType mime_type_of(std::string_view file_name);

}  // namespace sluice::handlers
