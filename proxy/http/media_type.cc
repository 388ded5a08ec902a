// SPDX-License-Identifier: MIT
#include "proxy/http/media_type.h"

#include <algorithm>

namespace sluice::http {

std::string_view media_type(const Fields& fields) {
  const std::string_view value = fields.value(FieldId::ContentType);
  return trim_ows(value.substr(0, std::min(value.find(';'), value.size())));
}

bool is_live(const Fields& fields) {
  return iequals(media_type(fields), "text/event-stream") ||
         iequals(fields.value("X-Accel-Buffering"), "no");
}

}  // namespace sluice::http
