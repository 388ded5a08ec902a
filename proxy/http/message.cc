// SPDX-License-Identifier: MIT
#include "proxy/http/message.h"

namespace sluice::http {

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::Get;
      if (text == "PUT") return Method::Put;
      break;
    case 4:
      if (text == "HEAD") return Method::Head;
      if (text == "POST") return Method::Post;
      break;
    case 5:
      if (text == "PATCH") return Method::Patch;
      if (text == "TRACE") return Method::Trace;
      break;
    case 6:
      if (text == "DELETE") return Method::Delete;
      break;
    case 7:
      if (text == "OPTIONS") return Method::Options;
      if (text == "CONNECT") return Method::Connect;
      break;
    default:
      break;
  }
  return Method::Other;
}

bool is_safe(Method method) {
  return method == Method::Get || method == Method::Head || method == Method::Options ||
         method == Method::Trace;
}

bool is_idempotent(Method method) {
  return is_safe(method) || method == Method::Put || method == Method::Delete;
}

BodyFraming framing_of(int status, std::uint64_t size, bool is_head) {
  if (status == 204 || status == 304) return {BodyKind::None, 0, false};
  if (is_head) return {BodyKind::None, size, true};
  return {BodyKind::Length, size, false};
}

// Copied from where it stands: of so many bytes, compilers make a value anew by an instruction that
// takes a hundred cycles to get going.
void RequestHead::clear() {
  static constexpr RequestStart kNothing;
  static_cast<RequestStart&>(*this) = kNothing;
  fields.clear();
}

void RequestHead::rebase(std::string_view from, const char* to) {
  for (std::string_view* view : {&method_text, &target, &path, &query, &host, &authority}) {
    http::rebase(*view, from, to);
  }
  fields.rebase(from, to);
}

void ResponseHead::clear() {
  static constexpr ResponseStart kNothing;
  static_cast<ResponseStart&>(*this) = kNothing;
  fields.clear();
}

}  // namespace sluice::http
