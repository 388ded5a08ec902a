// SPDX-License-Identifier: MIT
#include "proxy/http/content_fields.h"

namespace sluice::http {

namespace {

bool ends_alike(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && iequals(text.substr(text.size() - end.size()), end);
}

}  // namespace

bool is_of_content(std::string_view name, FieldId id) {
  constexpr std::string_view kContent = "content-";
  constexpr std::string_view kPolicy = "content-security-policy";
  constexpr FieldSet kOthers = field_set({FieldId::Expires, FieldId::ETag, FieldId::LastModified});
  if (id != FieldId::Other && (kOthers & field_set(id)) != 0) return true;
  if (ends_alike(name, "cache-control") || iequals(name, "surrogate-control")) return true;
  return iequals(name.substr(0, kContent.size()), kContent) &&
         !iequals(name.substr(0, kPolicy.size()), kPolicy);
}

}  // namespace sluice::http
