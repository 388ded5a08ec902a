// SPDX-License-Identifier: MIT
#include "tests/support/forward_rig.h"

#include <stdexcept>
#include <utility>

#include "proxy/client/http1_session.h"

namespace sluice::support {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSpareExchanges = 4;
constexpr std::chrono::seconds kTunnelIdle = 300s;
constexpr std::uint64_t kWholeBytesMax = 256 * 1024;

constexpr client::Options kClientOptions{
    .tls_handshake_timeout = 10s,
    .request_head_timeout = 10s,
    .idle_timeout = 60s,
    .pace = {.request_body_timeout = 30s, .body_rate = 240, .send_timeout = 30s, .send_rate = 240},
    .head_limits = {}};
constexpr backend::Options kBackendOptions{.connect_timeout = 5s,
                                           .first_byte_timeout = 60s,
                                           .read_timeout = 60s,
                                           .head_limits = {},
                                           .keepalive_max = 1,
                                           .keepalive_timeout = 60s};

std::unique_ptr<balancer::Pool> make_pool(const std::vector<std::string>& backends,
                                          balancer::BackendRegistry& registry) {
  conf::Pool options;
  options.max_fails = 0;  // so that a run does not depend on the clock
  std::vector<balancer::Pool::Address> addresses;
  for (const std::string& address : backends) addresses.push_back({address, 1});
  return std::make_unique<balancer::Pool>("pool", options, addresses, registry);
}

void add_rule(route::Table::Builder& builder, const std::vector<std::string>& paths,
              const route::Route* route) {
  if (builder.add({}, paths, route)) throw std::logic_error("the route was not taken");
}

}  // namespace

class ForwardRig::Counted final : public exchange::Handler {
 public:
  Counted(std::unique_ptr<exchange::Handler> handler, std::size_t& count)
      : handler_(std::move(handler)), count_(count) {}

  ArenaPtr<exchange::Responder> respond(exchange::Exchange& exchange) const override {
    ++count_;
    return handler_->respond(exchange);
  }

 private:
  std::unique_ptr<exchange::Handler> handler_;
  std::size_t& count_;
};

ForwardRig::ForwardRig(const Options& options)
    : exchanges_(kSpareExchanges),
      connector_(loop_),
      services_{loop_, connector_, log_, exchanges_, detached_, {}, {}, {this}},
      pool_(make_pool(options.backends, registry_)),
      shared_{services_, sessions_, make_rules(options), nullptr, kClientOptions} {}

ForwardRig::~ForwardRig() {
  stop();
  connector_.close_idle();
  turn();
}

std::shared_ptr<const exchange::Rules> ForwardRig::make_rules(const Options& options) {
  handlers::ForwardOptions forward{.request_edits = {},
                                   .upgrades = {"websocket"},
                                   .whole_body = {},
                                   .tunnel_idle = kTunnelIdle,
                                   .backend = kBackendOptions};
  forward_route_.handler =
      add_handler(std::make_unique<handlers::Forward>(*pool_, std::move(forward)));
  forward_route_.allows_connect = true;
  handlers::ForwardOptions whole{.request_edits = {},
                                 .upgrades = {},
                                 .whole_body = {{options.body_directory, kWholeBytesMax}},
                                 .tunnel_idle = kTunnelIdle,
                                 .backend = kBackendOptions};
  whole_route_.handler = add_handler(std::make_unique<handlers::Forward>(*pool_, std::move(whole)));
  fixed_route_.handler =
      add_handler(std::make_unique<handlers::FixedResponse>(200, "fixed\n", "text/plain"));

  route::Table::Builder builder;
  add_rule(builder, {}, &forward_route_);
  add_rule(builder, {"/whole"}, &whole_route_);
  add_rule(builder, {"/fixed"}, &fixed_route_);
  table_ = builder.build();
  auto rules = std::make_shared<exchange::Rules>();
  rules->listeners.assign(kClientsMax, {&table_, {}});
  rules->trusted_proxies = CidrSet::parse(options.trusted_proxies).value_or(CidrSet());
  rules->request_watermark_bytes = options.watermark_bytes;
  rules->response_watermark_bytes = options.watermark_bytes;
  return rules;
}

const exchange::Handler* ForwardRig::add_handler(std::unique_ptr<exchange::Handler> handler) {
  handlers_.push_back(std::make_unique<Counted>(std::move(handler), responders_));
  return handlers_.back().get();
}

void ForwardRig::accept(Fd fd, const net::Address& peer, std::uint32_t client,
                        std::shared_ptr<const tls::ServerContext> tls) {
  sessions_.add(std::make_unique<client::Http1Session>(
      shared_, client::Http1Session::Accepted{std::move(fd), peer, client, std::move(tls)}));
}

// With something requeued the loop does not wait.
void ForwardRig::turn() {
  loop_.call_again(*this);
  loop_.turn();
}

void ForwardRig::pass(std::chrono::seconds time) {
  passed_ += time;
  loop_.timers().advance(loop_.now() + passed_);
}

void ForwardRig::drain() {
  sessions_.for_each([](client::Session& session) { session.drain(); });
}

void ForwardRig::stop() {
  sessions_.for_each([](client::Session& session) { session.close_now(); });
}

std::uint32_t ForwardRig::in_flight() const {
  std::uint32_t sum = 0;
  for (const balancer::Member& member : pool_->members()) sum += member.backend->in_flight();
  return sum;
}

void ForwardRig::on_finished(const exchange::Exchange& exchange) {
  // Of a request that was not understood at least whether it was a HEAD is known.
  const http::RequestHead& request = exchange.request();
  const bool is_head = request.method == http::Method::Head;
  finished_.push_back({.client = exchange.client().listener,
                       .method = is_head ? "HEAD" : std::string(request.method_text),
                       .status = exchange.status(),
                       .attempts = exchange.backend_trace().attempts,
                       .routed = bool{exchange.match()},
                       .failure = exchange.failure()});
}

}  // namespace sluice::support
