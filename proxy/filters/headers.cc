// SPDX-License-Identifier: MIT
#include "proxy/filters/headers.h"

#include "proxy/exchange/exchange.h"
#include "proxy/http/media_type.h"

namespace sluice::filters {

namespace {

constexpr int kPartialContent = 206;

// Its Content-Type says where the parts begin (RFC 9110 14.6).
bool is_multipart(const http::ResponseHead& head) {
  return head.status == kPartialContent &&
         http::iequals(http::media_type(head.fields), "multipart/byteranges");
}

}  // namespace

void HeaderFilter::on_head(exchange::Exchange& exchange, http::ResponseHead& head) const {
  if (exchange.failure() || exchange.refuses_range()) {
    return edits_.apply_beside_content(head.fields);
  }
  const std::string_view type = head.fields.value(http::FieldId::ContentType);
  const bool keeps_type = is_multipart(head);
  edits_.apply(head.fields);
  if (keeps_type) head.fields.set(http::FieldId::ContentType, type);
}

}  // namespace sluice::filters
