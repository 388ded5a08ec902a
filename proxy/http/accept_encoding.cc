// SPDX-License-Identifier: MIT
#include "proxy/http/accept_encoding.h"

#include <algorithm>

namespace sluice::http {
namespace {

// RFC 9110 12.4.2: "q=" and 0 or 1 with up to three digits behind a point. What is malformed is
// not acceptable.
bool weighs(std::string_view parameter) {
  if (parameter.size() < 3 || !iequals(parameter.substr(0, 2), "q=")) return false;
  const std::string_view value = parameter.substr(2);
  if (value.front() == '1') return true;
  const bool zero_point = value.starts_with("0.") || value == "0";
  return zero_point && value.find_first_of("123456789") != std::string_view::npos;
}

}  // namespace

bool accepts_encoding(const Fields& fields, std::string_view coding) {
  bool any = false;
  for (const Field& field : fields) {
    if (field.id != FieldId::AcceptEncoding) continue;
    ListReader list(field.value);
    for (std::string_view element; list.next(element);) {
      const std::size_t semicolon = std::min(element.find(';'), element.size());
      const std::string_view name = trim_ows(element.substr(0, semicolon));
      const bool weighted = semicolon < element.size();
      const bool wanted = !weighted || weighs(trim_ows(element.substr(semicolon + 1)));
      if (iequals(name, coding)) return wanted;
      if (name == "*") any = wanted;
    }
  }
  return any;
}

}  // namespace sluice::http
