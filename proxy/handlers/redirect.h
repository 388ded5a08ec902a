// SPDX-License-Identifier: MIT
// Redirect: sends the client elsewhere ("redirect"). Immutable, shared by all workers.
//
// The target is a text with variables, taken apart once:
//   ${scheme}  "http" or "https", as the client spoke; what a trusted proxy says in
//              X-Forwarded-Proto counts more
//   ${host}    of the request, without its port: the new place need not have the same one
//   ${path}    normalised, so that it is the path that was matched; a '/' before it is not doubled
//   ${query}   without its '?'; empty if there is none; a '/' at its front, where it would make a
//              host of what follows, is escaped
//   ${uri}     the path, and the query if there is one, with its '?'
//
// What a request brings is percent-encoded where a URI could not hold it (RFC 3986 2): neither a
// control character nor a '\', which browsers read as '/', ever reaches the Location.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/exchange/handler.h"

namespace sluice::handlers {

struct Answer;

class Redirect final : public exchange::Handler {
 public:
  // REQUIRES: a redirecting status (300..399 but 304); variables as above, in a text of printable
  // ASCII: what conf/check.h lets through.
  Redirect(int status, std::string_view to);

  // A request that names no host, where ${host} is needed, is answered with 400.
  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override;

 private:
  enum class Variable { None, Scheme, Host, Path, Query, Uri };

  struct Piece {
    Variable variable = Variable::None;
    std::string literal;  // None only
  };

  // The values of one request, in two parts for ${uri}.
  struct Value;
  static Value value_of(Variable variable, const exchange::Exchange& exchange);
  static Variable variable_named(std::string_view name);

  void append(Variable variable);
  Answer answer_to(exchange::Exchange& exchange) const;

  int status_;
  bool needs_host_ = false;
  std::string note_;  // of the body: "Permanent Redirect: "
  std::vector<Piece> pieces_;
};

}  // namespace sluice::handlers
