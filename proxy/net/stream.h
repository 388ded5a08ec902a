// SPDX-License-Identifier: MIT
// Stream: one connected socket, plain or TLS, on an EventLoop.
//
// Edge-triggered: registered once (EV_READ|EV_WRITE|EV_CLOSED|EV_ET), so a request costs no
// epoll_ctl; and that only after a first look at an accepted socket, which often holds its first
// request already: a connection that ends with the answer to it is never registered. Reading goes
// through read() until it answers Again, in this call or a later one of the turn. At the end of a
// message a short read counts as the end of what is there, so that no system call is spent on
// learning EAGAIN; within one (expect_more) it does not, as a reset that came with the bytes gives
// no second edge. Writing only buffers; the loop flushes at the end of the turn, so that a head,
// its body and pipelined answers leave in one writev(2). Large pieces go straight from the caller's
// memory to the socket, a packet of the kernel's at a time, and only the rest is copied.
//
// Ownership: owns the descriptor and the TLS session; borrows its Owner, which is its containing
// object. Events reach the Owner from the loop only, never from within a command. Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "proxy/base/buffer.h"
#include "proxy/base/fd.h"
#include "proxy/base/pipe.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/fd_event.h"
#include "tls/io_result.h"

namespace sluice::tls {
class ServerContext;
class Session;
}  // namespace sluice::tls

namespace sluice::net {

class Stream final : private Flushable, private Receiver {
 public:
  // Events. In any of them the owner may close() the stream; it may not destroy it (retire
  // instead).
  class Owner {
   public:
    // Bytes, an end or an error wait for read(), and perhaps some bytes for take_held().
    virtual void on_readable() = 0;
    // Whether bytes may be received before on_readable(), which then takes them, although reading
    // may have been paused meanwhile: see EventLoop. For those that stand between two messages.
    virtual bool takes_held() const { return false; }
    // Output that stood above the low watermark has fallen to it.
    virtual void on_drained() = 0;
    // All output was sent after finish_output(), and the sending side is shut.
    virtual void on_output_finished() = 0;
    // Connecting, the TLS handshake or writing failed; nothing more will be sent, but what the peer
    // sent before may still be read. Told once. `error` is an errno, or 0.
    virtual void on_broken(int error) = 0;
    // connect() or the TLS handshake is complete; called once, and not at all for a plain accepted
    // socket.
    virtual void on_established() = 0;

   protected:
    ~Owner() = default;
  };

  // What one on_readable() may read, about; the others have their turn before it comes again.
  static constexpr std::size_t kReadBudgetBytes = 256 * 1024;

  // Takes a connected (accepted) non-blocking socket.
  Stream(EventLoop& loop, Fd fd, Owner* owner);
  // As server side of TLS: on_established() comes when the handshake is done.
  Stream(EventLoop& loop, Fd fd, Owner* owner, std::shared_ptr<const tls::ServerContext> tls);
  // A socket on which connect(2) answered EINPROGRESS (or 0): on_established() or on_broken()
  // comes.
  struct Connecting {};
  Stream(EventLoop& loop, Fd fd, Owner* owner, Connecting);
  ~Stream();

  // Plaintext. Again: on_readable() will come. While paused, and once closed, Again for ever.
  // REQUIRES: `into` is not empty.
  IoResult read(std::span<char> into);
  // What was received ahead of on_readable(), in the loop's memory; it comes before what read()
  // gives. Empty if there is nothing.
  std::string_view take_held() { return std::exchange(held_, {}); }
  // Whether there is, or may be in this turn.
  bool holds_input() const { return !held_.empty() || ListHook<RequeueTag>::linked(); }

  // Moves what read() would give into a pipe, at most `limit` bytes; returns how many. 0 tells
  // nothing, as there is what only read() gets over (urgent data): ask that.
  // REQUIRES: moves_bytes(), and the pipe is empty.
  std::size_t read_into(Pipe& pipe, std::size_t limit);

  // Of a plain socket, what read() would give, without taking it; and taking the first of that. For
  // what comes before TLS on the same connection. Again: on_readable() will come with more.
  IoResult peek(std::span<char> into);
  void skip(std::size_t bytes);
  // The rest of the connection is TLS: on_established() comes when the handshake is done.
  // REQUIRES: established, without TLS so far, and nothing written.
  void start_tls(std::shared_ptr<const tls::ServerContext> tls);

  // Whether bytes are held, or in the socket for read() to give: asks the kernel.
  bool has_input() const;
  // Whether the connection stands, as far as the kernel knows: not after a reset.
  bool alive() const;
  // Whether it stands and says nothing, as a kept connection should between two requests.
  bool quiet() const;

  // Whether the owner stands within a message, so that a short read is to be probed behind.
  void expect_more(bool more) { expect_more_ = more; }

  // Stops on_readable() and read(); what the socket holds stays there, and TCP slows the peer down.
  void pause_reading() { reading_paused_ = true; }
  // Resumes; on_readable() comes from the loop if there may be something.
  void resume_reading();

  // Output. Never blocks, never calls back; dropped once the stream is closed or broken.
  // REQUIRES: no finish_output() before.
  void write(std::string_view bytes);
  char* reserve(std::size_t bytes) { return output_.reserve(bytes); }
  void commit(std::size_t bytes);
  // Bytes of a file, behind what was written, from the system's memory straight to the socket: as
  // many as it takes now. Again: on_drained() will come. Eof: the file ends before. REQUIRES:
  // moves_bytes(), bytes > 0.
  IoResult send_file(int file, std::uint64_t offset, std::size_t bytes);
  // What a pipe holds, in the same way; returns how many bytes left. Where some did not,
  // on_drained() will come. REQUIRES: moves_bytes().
  std::size_t send_from(Pipe& pipe);
  // Whether the kernel can move bytes from and to this socket by itself.
  bool moves_bytes() const { return tls_ == nullptr && phase_ == Phase::Established; }
  std::size_t unsent() const { return output_.size(); }
  // Whether anything still has to leave: unsent(), what TLS could not send, a file or pipe that
  // waits.
  bool has_output() const;
  // All that was ever given to the socket: whether a peer takes anything is seen by its growth.
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  // While output has to wait for the peer: since when it does, or since restart_backlog(), without
  // the time between in which nothing waited; TimePoint::max(), and all of that is forgotten, when
  // nothing waits now. And how many bytes the peer's system has acknowledged since then, which is
  // what it read and a few that it holds. (That the socket takes more tells less: it takes none
  // before a third of its buffer is free, and that may be a megabyte.)
  TimePoint backlog_since();
  std::uint64_t backlog_taken_bytes() const;
  void restart_backlog();
  // At most so many bytes a second from now on, behind the ten packets that TCP sends at first; 0:
  // no limit. The kernel sees to it (SO_MAX_PACING_RATE, tcp(7)); a Unix socket has none. Where
  // something still has to leave under a lower limit, that one stays.
  void limit_bandwidth(std::uint64_t bytes_per_second);
  void set_low_watermark(std::size_t bytes) { low_watermark_bytes_ = bytes; }

  // Sends what is buffered, then shuts the sending side (close_notify and FIN);
  // on_output_finished() follows, in which an owner that said so will close(): that sends the FIN.
  enum class Then : std::uint8_t { Wait, Close };
  void finish_output(Then then = Then::Wait);
  // That has happened, and on_output_finished() was told.
  bool output_shut() const { return output_shut_; }

  // What is buffered, as far as the socket takes it at once, for a close() that does not wait.
  // Nothing is told of it.
  void send_now();

  // Drops events and descriptor at once. `reset`: with RST instead of FIN and close_notify, so that
  // the peer cannot take what it got for complete.
  void close();
  void reset();
  bool closed() const { return !fd_.valid(); }

  int fd() const { return fd_.get(); }
  // "TLSv1.3"; empty for a plain socket and before on_established().
  std::string_view tls_version() const;
  // After on_broken() instead of on_established(): see tls/session.h.
  bool client_broke_handshake() const;
  std::string_view tls_error_word() const;
  // Bytes as they are, beside TLS, whose handshake has failed: as far as the socket takes them.
  void send_bare(std::string_view bytes);
  EventLoop& loop() const { return loop_; }

 private:
  enum class Phase : std::uint8_t { Connecting, Handshaking, Established };

  Stream(EventLoop& loop, Fd fd, Owner* owner, Phase phase);
  void attach();
  void on_event(short what);
  Output output() override;
  void on_sent(IoResult result) override;
  void on_flush() override;
  int socket_to_receive() const override;
  std::size_t receive(std::span<char> into) override;
  void on_received(IoResult result, const char* bytes) override;
  void on_requeued() override;
  void note_readiness(short what);
  void finish_connect();
  void step_handshake();
  void establish();
  void announce_readable();
  void keep_ahead(IoResult result, const char* bytes);
  IoResult read_plain(std::span<char> into);
  IoResult note_plain_read(IoResult result, std::size_t asked_bytes);
  IoResult read_tls(std::span<char> into);
  // Sends as much of `pieces` as the socket takes and returns the bytes sent; an error is noted and
  // delivered from the loop.
  std::size_t send(std::span<const iovec> pieces, int flags = 0);
  std::size_t send_plain(std::span<const iovec> pieces, int flags);
  std::size_t send_tls(std::span<const iovec> pieces);
  std::size_t send_through(std::string_view bytes);
  std::size_t note_moved(ssize_t count);
  void wait_for_room();
  void send_output(int flags = 0);
  void flush_output();
  void flush_tls();
  void shut_output();
  void say_goodbye();
  void drop();
  void note_output();
  void note_backlog();
  std::int64_t acknowledged_bytes() const;
  int queued_bytes() const;
  void fail(int error);

  EventLoop& loop_;
  Fd fd_;
  Owner* owner_;
  std::unique_ptr<tls::Session> tls_;
  FdEvent event_;
  std::string_view held_;  // in the loop's memory, until the end of the turn
  Buffer output_;
  std::size_t low_watermark_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t bandwidth_ = 0;
  TimePoint backlog_since_ = TimePoint::max();
  TimePoint backlog_gap_since_ = TimePoint::max();  // nothing waits, but something did
  std::int64_t backlog_mark_bytes_ = 0;             // acknowledged_bytes() then
  int error_ = 0;
  int ahead_error_ = 0;
  IoStatus ahead_ = IoStatus::Again;  // an end or an error that was received ahead of on_readable()
  Phase phase_ = Phase::Established;
  std::size_t budget_bytes_ = kReadBudgetBytes;  // left of it
  bool readable_ = false;
  bool short_read_ = false;  // since the last edge, a read got less than it asked for
  bool expect_more_ = false;
  bool writable_ = true;
  bool peer_closed_ = false;
  bool reading_paused_ = false;
  bool above_low_ = false;
  bool room_awaited_ = false;  // a file or a pipe found the socket full
  bool attached_ = false;      // its event is registered
  bool finishing_ = false;
  Then then_ = Then::Wait;  // once that is done
  bool output_shut_ = false;
  bool broken_ = false;
  bool broken_told_ = false;
};

}  // namespace sluice::net
