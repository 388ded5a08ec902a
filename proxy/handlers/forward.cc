// SPDX-License-Identifier: MIT
#include "proxy/handlers/forward.h"

#include <optional>
#include <system_error>
#include <utility>

#include "proxy/backend/connector.h"
#include "proxy/base/log.h"
#include "proxy/exchange/exchange.h"
#include "proxy/handlers/download.h"
#include "proxy/handlers/forwarded_request.h"
#include "proxy/handlers/tunnel.h"
#include "proxy/handlers/upload.h"
#include "proxy/http/hop_by_hop.h"

namespace sluice::handlers {

namespace {

using backend::ProblemKind;
using exchange::Failure;
using exchange::Kind;
using exchange::Retry;
using exchange::Side;

Failure failure_of(const backend::Problem& problem) {
  switch (problem.kind) {
    case ProblemKind::ConnectRefused:
      return {Side::Backend, Kind::ConnectRefused};
    case ProblemKind::ConnectTimeout:
      return {Side::Backend, Kind::ConnectTimeout};
    case ProblemKind::ConnectFailed:
      return {Side::Backend, Kind::ConnectFailed};
    case ProblemKind::Exhausted:
      return {Side::Proxy, Kind::Exhausted};
    case ProblemKind::ClosedEarly:
      return {Side::Backend, Kind::ClosedEarly};
    case ProblemKind::FirstByteTimeout:
      return {Side::Backend, Kind::FirstByteTimeout};
    case ProblemKind::BadResponse:
      return {Side::Backend, Kind::BadResponse, problem.message};
    case ProblemKind::ReadTimeout:
      return {Side::Backend, Kind::ReadTimeout};
    case ProblemKind::Truncated:
      return {Side::Backend, Kind::Truncated};
  }
  return {Side::Backend, Kind::ConnectFailed};
}

// What a Host field can say of a backend's address.
std::string_view host_of(std::string_view address) {
  return address.starts_with("unix:") ? "localhost" : address;
}

// More interim responses to one request than any server has a reason for.
constexpr int kInterimsMax = 16;

// One request on its way to a backend and back, with its retries. Owns the lease and the stream;
// borrows the exchange, in whose arena it lives.
class ForwardResponder final : public exchange::Responder,
                               private backend::BackendStream::Events,
                               private net::Requeued {
 public:
  ForwardResponder(exchange::Exchange& exchange, const balancer::Pool& pool,
                   const ForwardOptions& options)
      : exchange_(exchange),
        pool_(pool),
        options_(options),
        upload_(exchange, options.whole_body ? &*options.whole_body : nullptr, *this),
        download_(exchange) {}

  // exchange::Responder
  void start() override;
  void on_request_body(std::string_view bytes) override;
  void on_request_end(const http::Fields& trailers) override;
  void on_client_drained() override;
  void cancel() override;

 private:
  // backend::BackendStream::Events
  void on_connected() override;
  void on_response_head(http::ResponseHead& head) override;
  void on_tunnel(http::ResponseHead& head) override;
  void on_response_body(std::string_view bytes) override;
  std::size_t piped_max() const override { return tunnel_ ? 0 : download_.piped_max(); }
  void on_response_piped(PipePool::Handle pipe, std::uint64_t rest) override;
  void on_response_end(const http::Fields& trailers) override;
  void on_backend_drained() override;
  void on_backend_failed(backend::Problem problem) override;

  // net::Requeued: the next share of a held body.
  void on_requeued() override { end_if(upload_.on_backend_drained()); }

  void on_interim_head(http::ResponseHead& head);
  void on_tunnel_idle();

  void begin_if_ready();
  // Goes to the next backend that accepts at once, or ends the exchange: with `otherwise` when
  // there is none left.
  void try_next_backend(Failure otherwise);
  // False, with `problem` set, when connecting failed on the spot.
  bool open(backend::Problem* problem);
  bool open_new(backend::Problem* problem);
  void begin_attempt();
  void send_request();
  void take_answer(http::ResponseHead& head);
  void end_tunnel_if_over();
  Failure take_note(const backend::Problem& problem);
  bool is_to_blame(const Failure& failure) const;
  bool had_time() const;
  void blame(const Failure& failure);
  bool may_replay() const;
  void end_attempt(const Failure& failure);
  // Ends the exchange, if there is a failure.
  void end_if(const Failure& failure);
  void let_go();
  void let_go_of_stream();

  backend::Target target() const {
    return {selection_->lease.backend().address(), options_.backend};
  }

  exchange::Exchange& exchange_;
  const balancer::Pool& pool_;
  const ForwardOptions& options_;
  Upload upload_;
  Download download_;
  balancer::Tried tried_;
  std::optional<balancer::Selection> selection_;
  backend::BackendStreamHandle stream_;
  std::optional<Tunnel> tunnel_;  // borrows the stream
  std::string_view target_;
  http::Fields* fields_ = nullptr;  // of the request, as the backend gets them; the exchange's
  http::Fields trailers_;           // of the request, as they may be forwarded
  std::string_view upgrade_;        // the protocol asked for; empty: none
  int interims_ = 0;
  bool names_no_host_ = false;  // neither the client nor the route
  bool begun_ = false;          // a backend was looked for
  bool responding_ = false;     // response bytes may have reached the client
  bool replayed_ = false;       // after a kept-alive connection had turned out dead
};

// --- the client's side ---

void ForwardResponder::start() {
  upgrade_ = accepted_upgrade(exchange_, options_.upgrades);
  fields_ = &prepare_fields(exchange_, options_.request_edits, options_.keeps_fields);
  names_no_host_ =
      exchange_.request().authority.empty() && fields_->value(http::FieldId::Host).empty();
  if (!upgrade_.empty()) fields_->add(http::FieldId::Upgrade, upgrade_);
  target_ = forwarded_target(exchange_);
  exchange_.backend_trace().pool = pool_.name();
  if (Failure failure = upload_.collect()) return end_if(failure);
  begin_if_ready();
}

void ForwardResponder::on_request_body(std::string_view bytes) {
  if (tunnel_) return tunnel_->on_client_bytes(bytes);
  if (Failure failure = upload_.on_body(bytes)) return end_if(failure);
  begin_if_ready();
}

void ForwardResponder::on_request_end(const http::Fields& trailers) {
  if (!tunnel_) {
    trailers_ = forwarded_trailers(trailers, options_.request_edits);
    upload_.on_end(trailers_);
    return begin_if_ready();
  }
  tunnel_->on_client_end();
  end_tunnel_if_over();
}

void ForwardResponder::on_client_drained() {
  if (tunnel_) return tunnel_->on_client_drained();
  if (stream_ != nullptr && responding_) download_.on_client_drained();
}

void ForwardResponder::cancel() {
  if (selection_) blame(exchange_.failure());
  let_go();
}

void ForwardResponder::begin_if_ready() {
  if (begun_ || !upload_.ready()) return;
  begun_ = true;
  try_next_backend({Side::Backend, Kind::NoBackend});
}

// --- towards the backend ---

void ForwardResponder::try_next_backend(Failure otherwise) {
  for (;;) {
    selection_ = pool_.acquire(tried_, exchange_.services().loop.now());
    if (!selection_) return exchange_.fail(otherwise);
    begin_attempt();
    backend::Problem problem;
    if (open(&problem)) return send_request();
    otherwise = take_note(problem);
    blame(otherwise);
  }
}

// Also one that ends on the spot is told of.
void ForwardResponder::begin_attempt() {
  exchange::BackendTrace& trace = exchange_.backend_trace();
  ++trace.attempts;
  trace.address = selection_->lease.backend().address();
  trace.reused = false;
  trace.began = exchange_.services().loop.now();
  trace.connected = trace.asked = {};
}

bool ForwardResponder::open(backend::Problem* problem) {
  // One that could not be sent again wants a connection that is known to stand.
  bool replayable = http::is_idempotent(exchange_.request().method) && upload_.complete();
  stream_ = exchange_.services().connector.reuse(target(), !replayable, this);
  return stream_ != nullptr || open_new(problem);
}

bool ForwardResponder::open_new(backend::Problem* problem) {
  backend::Connector::Opened opened = exchange_.services().connector.connect(target(), this);
  stream_ = std::move(opened.stream);
  *problem = opened.problem;
  return stream_ != nullptr;
}

void ForwardResponder::send_request() {
  const http::RequestHead& request = exchange_.request();
  exchange::BackendTrace& trace = exchange_.backend_trace();
  trace.reused = stream_->reused();
  // An HTTP/1.0 client may leave Host out; HTTP/1.1 has to have one (RFC 9112 3.2).
  if (names_no_host_) fields_->set(http::FieldId::Host, host_of(trace.address));
  stream_->send({request.method_text, target_, *fields_, request.body,
                 exchange_.rules().request_watermark_bytes, upgrade_});
  // What is not complete flows only once the connection stands, so that it can be retried before.
  if (upload_.complete() || stream_->reused()) end_if(upload_.begin(*stream_));
}

void ForwardResponder::on_connected() {
  exchange_.backend_trace().connected = exchange_.services().loop.now();
  if (!upload_.begun()) end_if(upload_.begin(*stream_));
}

void ForwardResponder::on_backend_drained() {
  if (!tunnel_) return end_if(upload_.on_backend_drained());
  tunnel_->on_backend_drained();
  end_tunnel_if_over();
}

// --- the response ---

void ForwardResponder::on_interim_head(http::ResponseHead& head) {
  constexpr int kContinue = 100;
  constexpr int kSwitchingProtocols = 101;
  if (head.status == kSwitchingProtocols) {
    const Failure unasked{Side::Backend, Kind::UnaskedUpgrade};
    blame(unasked);
    return end_attempt(unasked);
  }
  if (++interims_ > kInterimsMax) {
    return on_backend_failed({ProblemKind::BadResponse, http::BadMessage::Status});
  }
  if (head.status == kContinue) return;  // the client's was answered here
  http::strip_hop_by_hop(head.fields);
  exchange_.send_informational(head);
}

void ForwardResponder::on_response_head(http::ResponseHead& head) {
  if (head.is_interim()) return on_interim_head(head);
  take_answer(head);
  head.keep_alive = true;  // the backend's connection says nothing about the client's
  download_.begin(*stream_);
  exchange_.send_head(head);
}

void ForwardResponder::take_answer(http::ResponseHead& head) {
  http::strip_hop_by_hop(head.fields);
  responding_ = true;
  exchange_.backend_trace().answered = exchange_.services().loop.now();
  if (pool_.report_success(*selection_)) {
    exchange_.services().log.info("backend {} of pool {} is back",
                                  selection_->lease.backend().address(), pool_.name());
  }
}

void ForwardResponder::on_response_body(std::string_view bytes) {
  if (tunnel_) return tunnel_->on_backend_bytes(bytes);
  download_.on_body(bytes);
}

void ForwardResponder::on_response_piped(PipePool::Handle pipe, std::uint64_t rest) {
  download_.on_piped(std::move(pipe), rest);
}

void ForwardResponder::on_response_end(const http::Fields& trailers) {
  if (tunnel_) {
    tunnel_->on_backend_end();
    return end_tunnel_if_over();
  }
  upload_.stop();
  download_.on_end();
  download_.stop();
  stream_.release()->give_back();
  selection_.reset();
  exchange_.finish(trailers);
}

// --- a tunnel ---

void ForwardResponder::on_tunnel(http::ResponseHead& head) {
  take_answer(head);
  upload_.stop();
  if (!upgrade_.empty()) head.fields.add(http::FieldId::Upgrade, upgrade_);
  exchange_.open_tunnel(head);
  tunnel_.emplace(exchange_, *stream_, options_.tunnel_idle,
                  net::Timer::Callback::of<&ForwardResponder::on_tunnel_idle>(this));
}

void ForwardResponder::on_tunnel_idle() {
  end_if({Side::Proxy, Kind::TunnelIdle});
}

void ForwardResponder::end_tunnel_if_over() {
  if (!tunnel_ || !tunnel_->over()) return;
  let_go();
  exchange_.finish();
}

// --- failures ---

void ForwardResponder::on_backend_failed(backend::Problem problem) {
  bool reused = stream_->reused();
  let_go_of_stream();
  Failure failure = take_note(problem);
  // The backend ended an idle connection just as it was used again: nobody's fault. Unless it had
  // begun to answer.
  bool stale = reused && failure.kind == Kind::ClosedEarly && interims_ == 0;
  if (stale && may_replay()) {
    replayed_ = true;
    begin_attempt();
    backend::Problem on_the_spot;
    if (open_new(&on_the_spot)) return send_request();
    failure = take_note(on_the_spot);
    stale = false;
  }
  if (!stale) blame(failure);
  end_attempt(failure);
}

// A request that may have reached the backend is sent again once, and only if twice does no harm.
bool ForwardResponder::may_replay() const {
  return !replayed_ && !responding_ && upload_.complete() && upload_.replayable() &&
         http::is_idempotent(exchange_.request().method);
}

void ForwardResponder::end_attempt(const Failure& failure) {
  let_go();
  bool nothing_lost = upload_.replayable() && !responding_;
  if (exchange::retry_of(failure) == Retry::OtherBackend && nothing_lost) {
    return try_next_backend(failure);
  }
  exchange_.fail(failure);
}

Failure ForwardResponder::take_note(const backend::Problem& problem) {
  const Failure failure = failure_of(problem);
  exchange::Services& services = exchange_.services();
  if (problem.error != 0 && services.of_connects.may_complain(services.loop.now())) {
    services.log.warn("backend {} of pool {}: {}: {}", selection_->lease.backend().address(),
                      pool_.name(), exchange::word_of(failure),
                      std::generic_category().message(problem.error));
  }
  return failure;
}

// A backend that has answered works. What comes behind its head may be quiet by nature, or cut
// because the client took its time, and how a tunnel ends is its own affair. Before that, it may
// give up on a client that does not send the rest of its request.
bool ForwardResponder::is_to_blame(const Failure& failure) const {
  if (responding_ || !exchange::blames_backend(failure)) return false;
  if (failure.kind == Kind::ClosedEarly) return upload_.complete();
  return failure.kind != Kind::TotalTimeout || had_time();
}

// Half of the total, for the answer to a whole request.
bool ForwardResponder::had_time() const {
  const net::TimePoint asked = exchange_.backend_trace().asked;
  return asked != net::TimePoint{} &&
         exchange_.services().loop.now() - asked >= exchange_.rules().total_timeout / 2;
}

void ForwardResponder::blame(const Failure& failure) {
  if (!is_to_blame(failure)) return;
  if (!pool_.report_failure(*selection_, exchange_.services().loop.now())) return;
  exchange_.services().log.warn("backend {} of pool {} is put aside: {}",
                                selection_->lease.backend().address(), pool_.name(),
                                exchange::word_of(failure));
}

void ForwardResponder::end_if(const Failure& failure) {
  if (!failure) return;
  let_go();
  exchange_.fail(failure);
}

void ForwardResponder::let_go() {
  let_go_of_stream();
  selection_.reset();
}

void ForwardResponder::let_go_of_stream() {
  tunnel_.reset();
  upload_.stop();
  net::Requeued::ListHook<net::RequeueTag>::unlink();
  download_.stop();
  stream_.reset();
}

}  // namespace

ArenaPtr<exchange::Responder> Forward::respond(exchange::Exchange& exchange) const {
  return exchange.arena().make<ForwardResponder>(exchange, pool_, options_);
}

}  // namespace sluice::handlers
