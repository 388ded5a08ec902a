// SPDX-License-Identifier: MIT
#include "proxy/handlers/forwarded_request.h"

#include <charconv>

#include "proxy/base/check.h"
#include "proxy/http/forwarded.h"
#include "proxy/http/hop_by_hop.h"

namespace sluice::handlers {

namespace {

std::string_view via_of(http::Version version) {
  return version == http::Version::Http11 ? "1.1 sluice" : "1.0 sluice";
}

char* append(char* out, std::string_view text) {
  return out + text.copy(out, text.size());
}

// RFC 9110 7.6.2. REQUIRES: it is not 0; steps.cc has answered that one.
void count_down(exchange::Exchange& exchange, http::Fields& fields) {
  constexpr std::size_t kDigitsMax = 10;
  const http::RequestHead& request = exchange.request();
  CHECK(*request.max_forwards > 0);
  char* begin = exchange.arena().allocate(kDigitsMax);
  char* end = std::to_chars(begin, begin + kDigitsMax, *request.max_forwards - 1).ptr;
  fields.set(http::FieldId::MaxForwards, {begin, static_cast<std::size_t>(end - begin)});
}

}  // namespace

std::string_view accepted_upgrade(const exchange::Exchange& exchange,
                                  std::span<const std::string> allowed) {
  const http::RequestHead& request = exchange.request();
  if (!request.upgrade || request.body.has_body()) return {};
  http::ListReader protocols(request.fields.value(http::FieldId::Upgrade));
  std::string_view protocol;
  while (protocols.next(protocol)) {
    for (const std::string& name : allowed) {
      if (http::iequals(name, protocol)) return protocol;
    }
  }
  return {};
}

http::Fields& prepare_fields(exchange::Exchange& exchange, const http::FieldEdits& edits,
                             bool kept) {
  http::RequestHead& request = exchange.request();
  const bool in_place = edits.empty() && !kept;
  http::Fields& fields = in_place ? request.fields : exchange.fields_slot() = request.fields;
  http::strip_hop_by_hop(fields);
  http::drop_ambiguous_names(fields, edits.allowed());
  edits.drop_other_spellings(fields);
  fields.remove(http::FieldId::Expect);  // answered here (RFC 9110 10.1.1)
  if (!request.authority.empty()) fields.set(http::FieldId::Host, request.authority);

  http::ForwardedHop hop{
      .peer = exchange.client().peer,
      .client = exchange.client_address(),
      .peer_trusted = exchange.peer_trusted(),
      .client_field = exchange.rules().client_field,
      .scheme = exchange.client().tls ? "https" : "http",
      .host = request.authority,
  };
  http::apply_forwarded(fields, hop, exchange.arena().allocate(http::forwarded_bound(fields, hop)));
  fields.set(http::FieldId::XRequestId, exchange.request_id());
  fields.add(http::FieldId::Via, via_of(request.version));
  if (request.max_forwards) count_down(exchange, fields);
  edits.apply(fields);
  return fields;
}

http::Fields forwarded_trailers(const http::Fields& trailers, const http::FieldEdits& edits) {
  http::Fields kept = trailers;
  kept.remove_if([&edits](const http::Field& field) { return edits.manages(field.name); });
  return kept;
}

std::string_view forwarded_target(exchange::Exchange& exchange) {
  const http::RequestHead& request = exchange.request();
  const auto path = exchange.rewritten_path();
  bool unchanged = path.head.empty() && path.tail.data() == request.target.data();
  const bool has_path =
      request.form == http::TargetForm::Origin || request.form == http::TargetForm::Absolute;
  if (unchanged || !has_path) return request.target;

  std::size_t size = path.head.size() + path.tail.size() + 1 + request.query.size();
  char* target = exchange.arena().allocate(size);
  char* end = append(append(target, path.head), path.tail);
  if (request.has_query) end = append(append(end, "?"), request.query);
  return {target, static_cast<std::size_t>(end - target)};
}

}  // namespace sluice::handlers
