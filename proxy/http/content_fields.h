// SPDX-License-Identifier: MIT
// Fields that tell of a content and of how long it may be kept, so that they are not true of
// another that is sent in its place.
#pragma once

#include <string_view>

#include "proxy/http/headers.h"

namespace sluice::http {

// Cache-Control and its likes for one cache or another (RFC 9213), Expires, ETag, Last-Modified and
// Content-*, but for Content-Security-Policy, which is the browser's to obey, whatever it shows.
bool is_of_content(std::string_view name, FieldId id);
inline bool is_of_content(const Field& field) {
  return is_of_content(field.name, field.id);
}

}  // namespace sluice::http
