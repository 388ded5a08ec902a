// SPDX-License-Identifier: MIT
// Session: the server side of one TLS connection over a non-blocking stream socket.
//
// Owned and used by one worker, beside the descriptor it borrows and never closes. It stays at its
// address. It registers no events; the owner, who waits for edges (EPOLLET), tells it of them:
//
//   readable edge    on_readable(), then handshake() or read() until Again
//   writable edge    flush() while wants_flush(), then go on writing
//
// Reading and writing of an established connection allocate nothing of their own as long as the
// socket takes what is written; OpenSSL takes and gives back one record buffer per direction.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tls/context.h"
#include "tls/io_result.h"
#include "tls/ptr.h"
#include "tls/socket_bio.h"

namespace sluice::tls {

class Session {
 public:
  Session(std::shared_ptr<const ServerContext> context, int fd);
  ~Session();

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Ok: complete; the first request may already be inside (has_buffered_input). What ends our side
  // of it, such as tickets, stays inside (holds_output) and leaves with the first write, or
  // flush().
  IoResult handshake();
  bool established() const { return established_; }
  // Of a handshake that ended without success: whether the client is to be blamed. It is when it
  // sent what is no handshake of ours, and when it left without a word once it had our answer,
  // which costs a signature; not when it said why (an alert), as it may only not trust our
  // certificate, nor when it never began.
  bool client_is_to_blame() const;

  // Plaintext into `into`, as much as is there without waiting, of some 64 KiB on the wire at most:
  // Again with has_buffered_input() means that there is more, and all of that gave nothing. Eof:
  // the client closed its direction, or only its socket (truncated()); writing may still be
  // possible. After Eof or Error every further read answers the same. REQUIRES: established(),
  // `into` not empty.
  IoResult read(std::span<char> into);
  std::uint64_t received_bytes() const { return wire_.received_bytes(); }  // on the wire
  bool truncated() const { return truncated_; }  // Eof without close_notify: perhaps an attacker's

  // Encrypts and sends. `bytes` were accepted and need not be offered again; fewer than offered
  // when the socket is full. Small pieces share a record; up to three records leave in one
  // write(2). Again: nothing was accepted. Goodbye: close_notify follows in the same write(2), once
  // all was accepted; shutdown() then has nothing to add. REQUIRES: established().
  enum class Then { More, Goodbye };
  IoResult write(std::span<const iovec> pieces, Then then = Then::More);

  bool holds_output() const { return wire_.holds_output(); }
  bool owns_buffer() const { return wire_.owns_buffer(); }  // of ours; not at rest
  // Encrypted bytes wait inside for a writable edge; any of the calls may leave some.
  bool wants_flush() const { return wire_.blocked(); }
  IoResult flush();  // Ok: all is sent

  void on_readable();
  // The edge also told that the client has closed its direction (EV_CLOSED, EPOLLRDHUP). Without
  // this call an end that comes along with the last data would go unnoticed.
  void on_peer_closed();
  // A read may give something without a new edge: records are inside, or the socket is not known to
  // be empty. False after a read that answered Again for want of bytes.
  bool has_buffered_input() const;

  // Sends close_notify; once. Never blocks. Ok: sent, or pointless as the handshake is incomplete
  // or the connection has failed. Again: flush() first, then close.
  IoResult shutdown();

  // Meaningful when established. The views live as long as the session.
  std::string_view version() const;      // "TLSv1.3"
  std::string_view cipher() const;       // "TLS_AES_128_GCM_SHA256"
  std::string_view server_name() const;  // in the client's spelling; empty: none given
  std::string_view alpn() const;         // empty: none negotiated
  bool resumed() const;

  // Of the Error: a sentence for the debug log, and a stable word such as "tls_http_request" (a
  // client speaks plain HTTP to this port), "tls_no_shared_cipher", "tls_reset". Else empty.
  std::string_view error_text() const { return error_text_; }
  std::string_view error_word() const { return error_word_; }

 private:
  class Pieces;

  IoResult explain(int returned);
  IoResult settle(IoResult result);
  IoResult fail(int error, std::string_view word, std::string text);
  IoResult fail_as_wire();
  IoResult fail_as_idle();
  static void on_step(const ssl_st* ssl, int where, int value);
  IoResult read_records(std::span<char> into);
  IoResult write_batch(Pieces& pieces, Then then);
  void keep_record_buffer(bool keep);
  void say_goodbye();

  const std::shared_ptr<const ServerContext> context_;  // outlives ssl_, which calls back into it
  SocketBio wire_;
  SslPtr ssl_;
  bool established_ = false;
  bool keeps_record_buffer_ = false;  // OpenSSL does, behind the record that it writes
  int idle_steps_ = 0;                // of the handshake's machine since data came
  bool starved_ = false;              // OpenSSL asked for bytes the socket did not have
  bool truncated_ = false;
  bool failed_ = false;
  bool end_told_ = false;
  std::optional<IoResult> end_;  // of the reading direction: Eof or Error
  std::string_view error_word_;
  std::string error_text_;
};

}  // namespace sluice::tls
