// SPDX-License-Identifier: MIT
#include "proxy/backend/http1_stream.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/http/head_writer.h"
#include "proxy/http/request_parser.h"
#include "proxy/http/response_parser.h"

namespace sluice::backend {

namespace {

// The end of a body passes through memory: it is parsed together with what follows it, and the
// connection is free for another request while a slow client still takes it.
constexpr std::uint64_t kEndOfBodyBytes = net::EventLoop::kScratchBytes;

// What is to pass before that has to be worth two system calls more.
constexpr std::size_t kPipedLeastBytes = 16 * 1024;

ProblemKind connect_problem_kind(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ENOENT:  // no such Unix socket,
    case EACCES:  // or one that is not for us
      return ProblemKind::ConnectRefused;
    case ETIMEDOUT:
      return ProblemKind::ConnectTimeout;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
      return ProblemKind::Exhausted;
    default:
      return ProblemKind::ConnectFailed;
  }
}

}  // namespace

Problem connect_problem(int error) {
  return {connect_problem_kind(error), {}, error};
}

Http1Stream::Http1Stream(Http1Shared& shared, const Target& target, Fd fd, Events* events)
    : shared_(shared),
      address_(target.address),
      options_(target.options),
      events_(events),
      stream_(shared.loop, std::move(fd), this, net::Stream::Connecting{}),
      stash_(shared.loop.blocks()),
      timer_(shared.loop.timers(), net::Timer::Callback::of<&Http1Stream::on_timeout>(this)) {
  set_timer(options_.connect_timeout);
}

// --- commands ---

void Http1Stream::begin_reuse(const Options& options, Events* events) {
  CHECK(state_ == State::Idle);
  options_ = options;
  shared_.counters.reused.add();
  events_ = events;
  reused_ = true;
  state_ = State::Head;
}

void Http1Stream::send(const RequestToSend& request) {
  method_ = http::method_of(request.method);
  upgrade_ = request.upgrade;
  stream_.set_low_watermark(request.watermark_bytes / 2);
  chunked_request_ = request.body.kind == http::BodyKind::Chunked;
  request_finished_ = bytes_behind_ = false;
  char* begin =
      stream_.reserve(http::request_head_bound(request.method, request.target, request.fields));
  auto connection = upgrade_.empty() ? http::ConnectionField::None : http::ConnectionField::Upgrade;
  char* end = http::write_request_head(begin, request.method, request.target, request.fields,
                                       request.body, connection);
  stream_.commit(static_cast<std::size_t>(end - begin));
  stream_.expect_more(true);
  if (state_ == State::Head) wait_for_head();
}

void Http1Stream::write(std::string_view bytes) {
  if (bytes.empty() || state_ == State::Closed) return;
  if (chunked_request_) {
    char* header = stream_.reserve(http::kChunkHeaderMax);
    stream_.commit(http::write_chunk_header(header, bytes.size()));
  }
  stream_.write(bytes);
  if (chunked_request_) stream_.write(http::kChunkEnd);
  if (state_ == State::Head) wait_for_head();
}

void Http1Stream::finish(const http::Fields& trailers) {
  request_finished_ = true;
  if (tunnels()) return stream_.finish_output();
  if (state_ == State::Head) wait_for_head();
  if (!chunked_request_ || state_ == State::Closed) return;
  stream_.write(http::kLastChunk);
  char* begin = stream_.reserve(http::trailers_bound(trailers));
  char* end = http::write_trailers(begin, trailers);
  stream_.commit(static_cast<std::size_t>(end - begin));
}

void Http1Stream::pause() {
  timer_.clear();
  stream_.pause_reading();
}

void Http1Stream::resume() {
  if (!tunnels()) set_timer(options_.read_timeout);
  stream_.resume_reading();
}

void Http1Stream::abandon() {
  const bool was_tunnel = tunnels();
  if (std::exchange(state_, State::Closed) == State::Closed) return;
  events_ = nullptr;
  timer_.clear();
  if (was_tunnel) stream_.send_now();  // what a client said before it broke
  stream_.close();
  stash_.clear();
  shared_.loop.retire(std::unique_ptr<net::Retired>(this));
}

// --- events of the socket ---

void Http1Stream::on_established() {
  shared_.counters.opened.add();
  state_ = State::Head;
  wait_for_head();
  events_->on_connected();
}

void Http1Stream::on_drained() {
  if (events_ != nullptr) events_->on_backend_drained();
}

void Http1Stream::on_output_finished() {
  if (events_ != nullptr) events_->on_backend_drained();
}

void Http1Stream::on_readable() {
  if (const std::string_view held = stream_.take_held(); !held.empty()) on_bytes(held);
  while (state_ != State::Closed) {
    if (read_piped()) continue;
    std::span<char> scratch = shared_.loop.scratch();
    IoResult result = stream_.read(scratch);
    if (result.status == IoStatus::Again) return;
    // EPIPE: a reset that came behind the end, which all that was sent has preceded.
    bool ended = result.status == IoStatus::Eof || result.error == EPIPE;
    if (ended) return on_end_of_input();
    if (result.status == IoStatus::Error) return on_lost();
    on_bytes({scratch.data(), result.bytes});
  }
}

bool Http1Stream::read_piped() {
  const std::size_t most = piped_max();
  if (most == 0) return false;
  PipePool::Handle pipe = shared_.pipes.take();
  if (pipe == nullptr || stream_.read_into(*pipe, most) == 0) return false;
  decoder_.skip(pipe->size());
  if (timer_.armed()) set_timer(options_.read_timeout);
  events_->on_response_piped(std::move(pipe), decoder_.length_left());
  return true;
}

std::size_t Http1Stream::piped_max() const {
  const std::uint64_t left = decoder_.length_left();
  if (state_ != State::Body || left < kEndOfBodyBytes + kPipedLeastBytes) return 0;
  const std::uint64_t most = std::min<std::uint64_t>(left - kEndOfBodyBytes, events_->piped_max());
  return most < kPipedLeastBytes ? 0 : static_cast<std::size_t>(most);
}

void Http1Stream::on_bytes(std::string_view bytes) {
  if (state_ == State::Idle) {  // nobody asked for anything
    shared_.idle.forget(*this);
    return abandon();
  }
  if (stash_.empty()) {
    std::size_t used = process(bytes);
    if (state_ == State::Head) stash_.append(bytes.substr(used));
    return;
  }
  stash_.append(bytes);
  std::size_t used = process(stash_.flatten());
  if (state_ == State::Head) {
    stash_.consume(used);
  } else {
    stash_.clear();
  }
}

std::size_t Http1Stream::process(std::string_view bytes) {
  std::size_t used = 0;
  while (state_ == State::Head && used < bytes.size()) {
    std::size_t step = take_head(bytes.substr(used));
    if (step == 0) return used;
    used += step;
  }
  while (state_ == State::Body && used < bytes.size()) used += take_body(bytes.substr(used));
  if (state_ == State::Tunnel && used < bytes.size()) {
    events_->on_response_body(bytes.substr(used));
    used = bytes.size();
  }
  return used;
}

// RFC 9110 7.8 and 9.3.6. Another protocol than the one asked for is no agreement.
bool Http1Stream::agrees_to_tunnel(const http::ResponseHead& head) const {
  if (method_ == http::Method::Connect) return head.status / 100 == 2;
  return head.upgrade && !upgrade_.empty() &&
         http::iequals(head.fields.value(http::FieldId::Upgrade), upgrade_);
}

std::size_t Http1Stream::take_head(std::string_view bytes) {
  http::ResponseHead& head = shared_.head;
  head.clear();
  http::ParseResult result = http::parse_response_head(bytes, options_.head_limits, method_, head);
  if (result.status == http::ParseStatus::NeedMore) return 0;
  if (result.status == http::ParseStatus::Bad) {
    fail({ProblemKind::BadResponse, result.why});
    return 0;
  }
  if (agrees_to_tunnel(head)) {
    state_ = State::Tunnel;
    timer_.clear();
    events_->on_tunnel(head);
    return result.consumed;
  }
  if (!head.is_interim()) {
    state_ = State::Body;
    response_keep_alive_ = head.keep_alive;
    decoder_.reset(head.body, {});
    bytes_behind_ = decoder_.done() && result.consumed < bytes.size();
    sent_mark_ = stream_.sent_bytes();
    set_timer(options_.read_timeout);
  }
  events_->on_response_head(head);
  if (state_ == State::Body && decoder_.done()) end_response();
  return result.consumed;
}

std::size_t Http1Stream::take_body(std::string_view bytes) {
  http::BodyDecoder::Step step = decoder_.decode(bytes);
  if (step.bad) {
    fail({ProblemKind::BadResponse, step.why});
    return 0;
  }
  if (!step.data.empty()) {
    if (timer_.armed()) set_timer(options_.read_timeout);
    events_->on_response_body(step.data);
  }
  if (state_ == State::Body && step.done) {
    bytes_behind_ = step.consumed < bytes.size();
    end_response();
  }
  return step.consumed;
}

// An orderly end. A reset is none: it may come at any byte of a body that lasts until close.
void Http1Stream::on_end_of_input() {
  if (state_ == State::HalfClosed) return;
  if (state_ == State::Tunnel) {
    state_ = State::HalfClosed;
    return events_->on_response_end({});
  }
  if (state_ != State::Body || !decoder_.complete_at_eof()) return on_lost();
  response_keep_alive_ = false;
  end_response();
}

void Http1Stream::on_lost() {
  switch (state_) {
    case State::Idle:
      shared_.idle.forget(*this);
      return abandon();
    case State::Head:
      return fail({stash_.empty() ? ProblemKind::ClosedEarly : ProblemKind::Truncated});
    case State::Body:
    case State::Tunnel:
      return fail({ProblemKind::Truncated});
    case State::HalfClosed:
      // It closed altogether: it takes nothing any more, but all that it said is on its way.
      return events_->on_backend_drained();
    case State::Done:
      response_keep_alive_ = false;
      return;
    case State::Connecting:
    case State::Failed:
    case State::Closed:
      return;
  }
}

// Writing failed. The backend may have answered before it closed, so what it sent is read first.
void Http1Stream::on_broken(int error) {
  if (state_ == State::Connecting) return fail(connect_problem(error));
  // EPIPE: it had ended in order before. What it said of a tunnel, and its end, are read in time.
  if (error == EPIPE && tunnels()) return events_->on_backend_drained();
  stream_.resume_reading();
  on_readable();
  if (!stream_.has_input()) on_lost();
}

void Http1Stream::end_response() {
  timer_.clear();
  stream_.expect_more(false);
  stream_.resume_reading();  // the end may come while the pump pauses: the next one shall not wait
  state_ = State::Done;
  events_->on_response_end(decoder_.trailers());
}

void Http1Stream::give_back() {
  CHECK(state_ == State::Done);
  bool reusable = response_keep_alive_ && request_finished_ && !bytes_behind_ &&
                  stream_.unsent() == 0 && options_.keepalive_max > 0;
  if (!reusable) return abandon();
  events_ = nullptr;
  state_ = State::Idle;
  idle_since_ = shared_.loop.now();
  set_timer(options_.keepalive_timeout);
  shared_.idle.put(*this);
}

void Http1Stream::wait_for_head() {
  sent_mark_ = stream_.sent_bytes();
  set_timer(options_.first_byte_timeout);
}

// While a request goes up it is its progress that counts; and a client that has not sent the rest
// of it is no fault of the backend's.
bool Http1Stream::request_goes_up() const {
  return stream_.unsent() > 0 ? stream_.sent_bytes() != sent_mark_ : !request_finished_;
}

void Http1Stream::on_timeout() {
  switch (state_) {
    case State::Connecting:
      return fail({ProblemKind::ConnectTimeout});
    case State::Head:
      if (request_goes_up() || stream_.holds_input()) return wait_for_head();
      return fail({ProblemKind::FirstByteTimeout});
    case State::Body:
      // It may answer before it has all of the request, and then it is that which makes progress.
      if (std::exchange(sent_mark_, stream_.sent_bytes()) != stream_.sent_bytes()) {
        return set_timer(options_.read_timeout);
      }
      return fail({ProblemKind::ReadTimeout});
    case State::Idle:
      shared_.idle.forget(*this);
      return abandon();
    case State::Done:
    case State::Tunnel:
    case State::HalfClosed:
    case State::Failed:
    case State::Closed:
      return;
  }
}

void Http1Stream::fail(Problem problem) {
  state_ = State::Failed;
  timer_.clear();
  stream_.close();
  events_->on_backend_failed(problem);
}

}  // namespace sluice::backend
