// SPDX-License-Identifier: MIT
#include "tls/session.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "tls/error.h"

namespace sluice::tls {
namespace {

constexpr std::size_t kRecord = 16 * 1024;   // most plaintext in a record, RFC 8446 section 5.1
constexpr std::size_t kRecordOverhead = 64;  // header, nonce, type and tag: 22 to 29 in our suites
// What the kernel makes one packet of; a fourth record would leave in two.
constexpr std::size_t kRecordsPerSend = 3;
// On the stack for one call, never touched beyond what is written.
using BatchScratch = std::array<char, kRecordsPerSend*(kRecord + kRecordOverhead)>;
using FlightScratch = std::array<char, kRecord>;  // a handshake flight, with a usual chain

constexpr std::size_t kWirePerRead = 64 * 1024;

// Steps of the handshake's machine, of which a change of keys takes two or three. Clients change
// them after millions of records.
constexpr int kIdleStepsMax = 1000;

std::string_view view(const char* text) {
  return text != nullptr ? text : std::string_view();
}

}  // namespace

// Walks the caller's pieces in steps of one record.
class Session::Pieces {
 public:
  explicit Pieces(std::span<const iovec> pieces) : rest_(pieces) { skip_empty(); }

  bool empty() const { return rest_.empty(); }

  // The bytes of the next record: in place where one piece has them all, else gathered in
  // `scratch`.
  std::span<const char> peek(std::span<char, kRecord> scratch) const {
    const std::span<const char> front = front_bytes();
    if (front.size() >= kRecord) return front.first(kRecord);
    if (rest_.size() == 1) return front;
    std::size_t size = 0;
    for (std::size_t i = 0; i < rest_.size() && size < kRecord; ++i) {
      const std::span<const char> piece = i == 0 ? front : bytes_of(rest_[i]);
      const std::size_t part = std::min(piece.size(), kRecord - size);
      if (part > 0) std::memcpy(scratch.data() + size, piece.data(), part);
      size += part;
    }
    return scratch.first(size);
  }

  // Are the next `size` bytes all that is left?
  bool ends_after(std::size_t size) const {
    std::size_t left = front_bytes().size();
    for (std::size_t i = 1; i < rest_.size() && left <= size; ++i) left += rest_[i].iov_len;
    return left <= size;
  }

  void advance(std::size_t size) {
    while (size > 0 && !rest_.empty()) {
      const std::size_t part = std::min(size, front_bytes().size());
      size -= part;
      used_ += part;
      skip_empty();
    }
  }

 private:
  static std::span<const char> bytes_of(const iovec& piece) {
    return {static_cast<const char*>(piece.iov_base), piece.iov_len};
  }

  std::span<const char> front_bytes() const { return bytes_of(rest_.front()).subspan(used_); }

  void skip_empty() {
    while (!rest_.empty() && used_ == rest_.front().iov_len) {
      rest_ = rest_.subspan(1);
      used_ = 0;
    }
  }

  std::span<const iovec> rest_;
  std::size_t used_ = 0;  // of the first piece
};

Session::Session(std::shared_ptr<const ServerContext> context, int fd)
    : context_(std::move(context)), wire_(fd), ssl_(context_->new_connection()) {
  BioPtr bio = wire_.make_bio();
  if (ssl_ == nullptr || bio == nullptr) {
    fail(ENOMEM, "tls_no_memory", "out of memory");
    return;
  }
  BIO* both = bio.release();
  SSL_set_bio(ssl_.get(), both, both);  // takes the one reference for both directions
}

Session::~Session() = default;

IoResult Session::handshake() {
  if (end_) return *end_;
  if (established_) return {};
  wire_.flush();
  FlightScratch scratch;
  wire_.begin(scratch);
  clear_errors();
  const int returned = SSL_do_handshake(ssl_.get());
  established_ = returned == 1;
  if (established_) {
    wire_.hold_back();
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_info_callback(ssl_.get(), on_step);
  }
  return settle(established_ ? IoResult{} : explain(returned));
}

bool Session::client_is_to_blame() const {
  if (!end_ || established_ || ssl_ == nullptr) return false;
  const bool said_why = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  if (said_why) return false;
  const bool by_what_it_sent = failed_ && end_->error == 0;
  return by_what_it_sent || BIO_number_written(SSL_get_wbio(ssl_.get())) > 0;
}

IoResult Session::read(std::span<char> into) {
  if (end_) {
    end_told_ = true;
    return *end_;
  }
  if (!established_) return {IoStatus::Error, 0, ENOTCONN};
  // Asking OpenSSL would only make it take a record buffer and give it back.
  if (!has_buffered_input()) return {IoStatus::Again, 0, 0};
  FlightScratch scratch;  // for alerts and key updates
  wire_.begin(scratch);
  wire_.allow(kWirePerRead);
  const IoResult result = settle(read_records(into));
  end_told_ = result.status == IoStatus::Eof || result.status == IoStatus::Error;
  return result;
}

IoResult Session::read_records(std::span<char> into) {
  std::size_t total = 0;
  do {
    clear_errors();
    std::size_t got = 0;
    const int returned = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &got);
    if (returned != 1) {
      const IoResult result = idle_steps_ > kIdleStepsMax ? fail_as_idle() : explain(returned);
      // What was read counts first; the end is kept for the next call.
      return total > 0 ? IoResult{IoStatus::Ok, total, 0} : result;
    }
    total += got;
    idle_steps_ = 0;
  } while (total < into.size() && SSL_has_pending(ssl_.get()) == 1);
  return {IoStatus::Ok, total, 0};
}

IoResult Session::write(std::span<const iovec> pieces, Then then) {
  if (failed_) return *end_;
  if (!established_) return {IoStatus::Error, 0, ENOTCONN};
  if (wants_flush()) {
    if (const IoResult before = flush(); before.status != IoStatus::Ok) return before;
  }
  Pieces rest(pieces);
  std::size_t accepted = 0;
  while (!rest.empty() && !wants_flush()) {
    const IoResult batch = write_batch(rest, then);
    if (batch.status == IoStatus::Error) return batch;
    accepted += batch.bytes;
    if (batch.status == IoStatus::Again) break;
  }
  const bool nothing = accepted == 0 && !rest.empty();
  return {nothing ? IoStatus::Again : IoStatus::Ok, accepted, 0};
}

IoResult Session::write_batch(Pieces& pieces, Then then) {
  BatchScratch scratch;
  std::array<char, kRecord> gathered;
  wire_.begin(scratch);
  IoResult result;
  for (std::size_t i = 1; i <= kRecordsPerSend && !pieces.empty(); ++i) {
    const std::span<const char> record = pieces.peek(gathered);
    const bool last = pieces.ends_after(record.size());
    if (last ? then == Then::More : i == kRecordsPerSend) wire_.send_next();
    keep_record_buffer(!last && i < kRecordsPerSend);
    clear_errors();
    std::size_t written = 0;
    const int returned = SSL_write_ex(ssl_.get(), record.data(), record.size(), &written);
    if (returned != 1) {
      const std::size_t accepted = result.bytes;
      result = explain(returned);
      result.bytes = accepted;
      break;
    }
    pieces.advance(written);
    result.bytes += written;
  }
  if (pieces.empty() && then == Then::Goodbye) say_goodbye();
  return settle(result);
}

// For the records of a batch it is the same one; a connection at rest has none.
void Session::keep_record_buffer(bool keep) {
  if (keep == keeps_record_buffer_) return;
  keeps_record_buffer_ = keep;
  if (keep) {
    SSL_clear_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  } else {
    SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  }
}

IoResult Session::flush() {
  if (failed_) return *end_;
  wire_.flush();
  if (wire_.error() != 0) return fail_as_wire();
  return {wants_flush() ? IoStatus::Again : IoStatus::Ok, 0, 0};
}

void Session::on_readable() {
  wire_.on_readable();
  starved_ = false;
}

void Session::on_peer_closed() {
  wire_.on_peer_closed();
  starved_ = false;
}

bool Session::has_buffered_input() const {
  if (end_) return !end_told_;
  if (starved_ || wire_.is_full()) return false;
  return !wire_.drained() || SSL_has_pending(ssl_.get()) == 1;
}

IoResult Session::shutdown() {
  if (failed_ || !established_) return {};
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return flush();
  FlightScratch scratch;
  wire_.begin(scratch);
  say_goodbye();
  const IoResult sent = settle({});
  return sent.status == IoStatus::Ok && wants_flush() ? IoResult{IoStatus::Again, 0, 0} : sent;
}

void Session::say_goodbye() {
  clear_errors();
  SSL_shutdown(ssl_.get());
  clear_errors();
}

// Behind the handshake there are few, and none for what carries data.
void Session::on_step(const ssl_st* ssl, int where, int /*value*/) {
  if ((where & SSL_CB_LOOP) != 0) ++static_cast<Session*>(SSL_get_app_data(ssl))->idle_steps_;
}

IoResult Session::fail_as_idle() {
  clear_errors();
  return fail(0, "tls_too_many_messages", "more changes of keys than anybody needs");
}

// What a call that did not succeed means. Takes OpenSSL's reasons off the thread's queue.
IoResult Session::explain(int returned) {
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      starved_ = wire_.drained();  // else it was told to wait, for others to have their turn
      return {IoStatus::Again, 0, 0};
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::Again, 0, 0};
    case SSL_ERROR_SYSCALL:
      if (wire_.error() != 0) return fail_as_wire();
      if (wire_.at_end()) {
        truncated_ = true;
        end_ = IoResult{IoStatus::Eof, 0, 0};
        return *end_;
      }
      break;
    case SSL_ERROR_ZERO_RETURN:
      end_ = IoResult{IoStatus::Eof, 0, 0};
      return *end_;
    default:
      break;
  }
  const std::string_view word = tls::error_word();
  return fail(0, word, take_error_text());
}

// Ends a call: lets the collected records go, even the alert of a failure.
IoResult Session::settle(IoResult result) {
  wire_.end();
  const bool lost = wire_.error() != 0 && !failed_;
  return lost ? fail_as_wire() : result;
}

IoResult Session::fail(int error, std::string_view word, std::string text) {
  failed_ = true;
  error_word_ = word;
  error_text_ = std::move(text);
  end_ = IoResult{IoStatus::Error, 0, error};
  return *end_;
}

IoResult Session::fail_as_wire() {
  const int error = wire_.error();
  const bool reset = error == ECONNRESET || error == EPIPE;
  return fail(error, reset ? "tls_reset" : "tls_io_error", std::generic_category().message(error));
}

std::string_view Session::version() const {
  return view(SSL_get_version(ssl_.get()));
}
std::string_view Session::cipher() const {
  return view(SSL_get_cipher_name(ssl_.get()));
}
bool Session::resumed() const {
  return SSL_session_reused(ssl_.get()) == 1;
}

std::string_view Session::server_name() const {
  return view(SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name));
}

std::string_view Session::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace sluice::tls
