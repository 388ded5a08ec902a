// SPDX-License-Identifier: MIT
#include "proxy/handlers/admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/ip.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/whole_answer.h"

namespace sluice::handlers {

namespace {

class AdminResponder;

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kIndexPath = "/";

// The arena's text, for answers that outlive the call.
std::string_view kept(exchange::Exchange& exchange, std::string_view text) {
  return exchange.arena().copy(text);
}

bool serves(const AdminEndpoint& endpoint, std::string_view method) {
  return method == endpoint.method || (method == "HEAD" && endpoint.method == "GET");
}

}  // namespace

// What a reply and its responder share. The pointer belongs to the worker's thread, and is null
// from the moment that the exchange needs no answer any more.
struct AdminReply::Slot {
  explicit Slot(net::EventLoop& from) : loop(from) {}

  net::EventLoop& loop;
  AdminResponder* responder = nullptr;
};

namespace {

// Collects the request's body, asks the endpoint, waits for its answer.
class AdminResponder final : public exchange::Responder {
 public:
  AdminResponder(exchange::Exchange& exchange, const AdminEndpoint& endpoint)
      : exchange_(exchange),
        endpoint_(endpoint),
        slot_(std::make_shared<AdminReply::Slot>(exchange.services().loop)) {
    slot_->responder = this;
  }
  AdminResponder(const AdminResponder&) = delete;
  AdminResponder& operator=(const AdminResponder&) = delete;
  ~AdminResponder() override { cancel(); }

  void start() override {
    if (exchange_.request_complete()) return ask();
    exchange_.resume();
  }
  void on_request_body(std::string_view bytes) override {
    if (slot_->responder == nullptr) return;
    if (body_.size() + bytes.size() > Admin::kBodyBytesMax) {
      cancel();
      return exchange_.fail({exchange::Side::Client, exchange::Kind::BodyTooLarge});
    }
    body_ += bytes;
  }
  void on_request_end(const http::Fields&) override { ask(); }
  void on_client_drained() override {}
  void cancel() override { slot_->responder = nullptr; }

  void answer(const AdminAnswer& answer) {
    cancel();
    send_answer(exchange_, {.status = answer.status,
                            .content_type = answer.content_type,
                            .body = answer.body,
                            .location = {},
                            .extra = {"Cache-Control", "no-store", http::FieldId::CacheControl}});
  }

 private:
  void ask() {
    if (slot_->responder == nullptr) return;
    endpoint_.serve({std::string(exchange_.request().query), std::move(body_)}, AdminReply(slot_));
  }

  exchange::Exchange& exchange_;
  const AdminEndpoint& endpoint_;
  std::shared_ptr<AdminReply::Slot> slot_;
  std::string body_;
};

}  // namespace

void AdminReply::send(AdminAnswer answer) const {
  CHECK(has_content(answer.status) || answer.body.empty());
  slot_->loop.post([slot = slot_, answer = std::move(answer)] {
    if (slot->responder != nullptr) slot->responder->answer(answer);
  });
}

Admin::Admin(std::vector<AdminEndpoint> endpoints, std::string token)
    : endpoints_(std::move(endpoints)), token_(std::move(token)) {
  endpoints_.push_back({.method = "GET",
                        .path = std::string(kIndexPath),
                        .summary = "this list",
                        .serve = [this](const AdminRequest&, const AdminReply& reply) {
                          reply.send(
                              {.status = 200, .content_type = std::string(kText), .body = index_});
                        }});
  index_ = index();
}

std::string Admin::index() const {
  std::string text;
  for (const AdminEndpoint& endpoint : endpoints_) {
    text += fmt::format("{:<5}{:<16} {}\n", endpoint.method, endpoint.path, endpoint.summary);
  }
  return text;
}

std::string Admin::allowed_at(std::string_view path) const {
  std::string methods;
  for (const AdminEndpoint& endpoint : endpoints_) {
    if (endpoint.path != path) continue;
    if (!methods.empty()) methods += ", ";
    methods += endpoint.method == "GET" ? "GET, HEAD" : endpoint.method;
  }
  return methods;
}

bool Admin::authorised(const exchange::Exchange& exchange) const {
  constexpr std::string_view kScheme = "bearer ";
  if (token_.empty()) return true;
  const std::string_view given = exchange.request().fields.value(http::FieldId::Authorization);
  if (!http::iequals(given.substr(0, kScheme.size()), kScheme)) return false;
  return equal_in_constant_time(http::trim_ows(given.substr(kScheme.size())), token_);
}

// Not by a name that may have been made to lead here (DNS rebinding): to a page under such a name
// the answers would be its own site's. A browser reaches no socket file, and knows no token.
bool Admin::is_meant(const exchange::Exchange& exchange) const {
  const std::string_view host = exchange.request().host;
  return !token_.empty() || exchange.client().peer.is_none() || host.empty() ||
         host.starts_with('[') || http::iequals(host, "localhost") || IpAddress::parse(host);
}

ArenaPtr<exchange::Responder> Admin::respond(exchange::Exchange& exchange) const {
  Answer refusal{.status = 401,
                 .content_type = kText,
                 .body = "a token is needed\n",
                 .location = {},
                 .extra = {"WWW-Authenticate", "Bearer", http::FieldId::WwwAuthenticate}};
  if (!authorised(exchange)) return exchange.arena().make<WholeAnswer>(exchange, refusal);
  // A page in the operator's browser may send requests here, though it may not read the answers.
  if (exchange.request().fields.has(http::FieldId::Origin)) {
    refusal.status = 403;
    refusal.body = "not for pages of a browser\n";
    refusal.extra = {};
    return exchange.arena().make<WholeAnswer>(exchange, refusal);
  }
  if (!is_meant(exchange)) {
    refusal.status = 403;
    refusal.body = "without a token only by an IP address or as localhost\n";
    refusal.extra = {};
    return exchange.arena().make<WholeAnswer>(exchange, refusal);
  }
  const std::string_view method = exchange.request().method_text;
  for (const AdminEndpoint& endpoint : endpoints_) {
    const bool here = endpoint.path == exchange.path() && serves(endpoint, method);
    if (here) return exchange.arena().make<AdminResponder>(exchange, endpoint);
  }
  const std::string allowed = allowed_at(exchange.path());
  refusal.extra = {};
  refusal.status = allowed.empty() ? 404 : 405;
  refusal.body = allowed.empty() ? "there is nothing here; GET / lists what there is\n"
                                 : "not with this method\n";
  if (!allowed.empty()) {
    refusal.extra = {"Allow", kept(exchange, allowed), http::FieldId::Allow};
  }
  return exchange.arena().make<WholeAnswer>(exchange, refusal);
}

// The longer one decides how long it takes, which tells of the token's length at most.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
  const std::size_t size = std::max(a.size(), b.size());
  // Volatile, so that no compiler leaves the loop at the first difference.
  volatile unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < size; ++i) {
    const char x = i < a.size() ? a[i] : '\0';
    const char y = i < b.size() ? b[i] : '\0';
    difference = difference | static_cast<unsigned char>(x ^ y);
  }
  return difference == 0;
}

}  // namespace sluice::handlers
