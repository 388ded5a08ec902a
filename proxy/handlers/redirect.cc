// SPDX-License-Identifier: MIT
#include "proxy/handlers/redirect.h"

#include <algorithm>

#include "proxy/base/check.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/whole_answer.h"
#include "proxy/http/status.h"
#include "proxy/http/uri.h"

namespace sluice::handlers {

namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

char* put(char* out, std::string_view text) {
  return std::copy(text.begin(), text.end(), out);
}

std::string_view scheme_of(const exchange::Exchange& exchange) {
  if (exchange.peer_trusted()) {
    const std::string_view said = exchange.request().fields.value(http::FieldId::XForwardedProto);
    if (http::iequals(said, "https")) return "https";
    if (http::iequals(said, "http")) return "http";
  }
  return exchange.client().tls ? "https" : "http";
}

// That of "OPTIONS *" is no path.
std::string_view path_of(const exchange::Exchange& exchange) {
  return exchange.path().starts_with('/') ? exchange.path() : std::string_view("/");
}

}  // namespace

struct Redirect::Value {
  std::string_view first;
  std::string_view query;
  bool has_query = false;

  std::size_t bytes_max() const { return 3 * (first.size() + query.size()) + 1; }

  char* write(char* out) const {
    out = http::put_uri_text(out, first);
    if (has_query) *out++ = '?';
    return http::put_uri_text(out, query);
  }
};

Redirect::Redirect(int status, std::string_view to)
    : status_(status), note_(std::string(http::reason_phrase(status)) + ": ") {
  CHECK(status >= 300 && status <= 399 && status != 304);
  CHECK(std::all_of(to.begin(), to.end(), [](char c) { return c > ' ' && c < 0x7f; }));
  CHECK(!to.empty());
  while (!to.empty()) {
    const std::size_t at = std::min(to.find("${"), to.size());
    if (at != 0) {
      pieces_.push_back({Variable::None, std::string(to.substr(0, at))});
      to.remove_prefix(at);
      continue;
    }
    const std::size_t end = to.find('}');
    CHECK(end != std::string_view::npos);
    append(variable_named(to.substr(2, end - 2)));
    to.remove_prefix(end + 1);
  }
}

// A path brings its own '/': "/${path}" must not become "//a.example/", which is another site.
void Redirect::append(Variable variable) {
  needs_host_ = needs_host_ || variable == Variable::Host;
  const bool is_path = variable == Variable::Path || variable == Variable::Uri;
  if (is_path && !pieces_.empty()) {
    std::string& before = pieces_.back().literal;
    if (before.ends_with('/') && !before.ends_with("//")) before.pop_back();
  }
  pieces_.push_back({variable, {}});
}

Redirect::Variable Redirect::variable_named(std::string_view name) {
  if (name == "scheme") return Variable::Scheme;
  if (name == "host") return Variable::Host;
  if (name == "path") return Variable::Path;
  if (name == "query") return Variable::Query;
  CHECK(name == "uri");
  return Variable::Uri;
}

Redirect::Value Redirect::value_of(Variable variable, const exchange::Exchange& exchange) {
  const http::RequestHead& request = exchange.request();
  switch (variable) {
    case Variable::None:
      break;
    case Variable::Scheme:
      return {scheme_of(exchange), {}};
    case Variable::Host:
      return {request.host, {}};
    case Variable::Path:
      return {path_of(exchange), {}};
    case Variable::Query:
      return {request.query, {}};
    case Variable::Uri:
      return {path_of(exchange), request.query, request.has_query};
  }
  return {};
}

Answer Redirect::answer_to(exchange::Exchange& exchange) const {
  std::size_t bytes_max = note_.size() + 1;
  for (const Piece& piece : pieces_) {
    bytes_max += piece.literal.size() + value_of(piece.variable, exchange).bytes_max();
  }
  char* const body = exchange.arena().allocate(bytes_max);
  char* const location = put(body, note_);
  char* out = location;
  for (const Piece& piece : pieces_) {
    out = put(out, piece.literal);
    Value value = value_of(piece.variable, exchange);
    // "/${query}" must not become one, either.
    const bool behind_root = out == location + 1 && *location == '/';
    if (piece.variable == Variable::Query && behind_root && value.first.starts_with('/')) {
      out = put(out, "%2F");
      value.first.remove_prefix(1);
    }
    out = value.write(out);
  }
  const std::size_t location_bytes = static_cast<std::size_t>(out - location);
  *out++ = '\n';
  return {.status = status_,
          .content_type = kPlainText,
          .body = {body, static_cast<std::size_t>(out - body)},
          .location = {location, location_bytes}};
}

ArenaPtr<exchange::Responder> Redirect::respond(exchange::Exchange& exchange) const {
  // HTTP/1.0 need not name one.
  if (needs_host_ && exchange.request().host.empty()) {
    const Answer refusal{.status = 400,
                         .content_type = kPlainText,
                         .body = "the request names no host\n",
                         .location = {}};
    return exchange.arena().make<WholeAnswer>(exchange, refusal);
  }
  return exchange.arena().make<WholeAnswer>(exchange, answer_to(exchange));
}

}  // namespace sluice::handlers
