// SPDX-License-Identifier: MIT
// One stream socket of a test, plain or under TLS: exact bytes out, exact bytes in.
//
// Every wait ends at its deadline by throwing Failure, whose text shows what had arrived until
// then. Not for two threads at once.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/deadline.h"

using SSL = struct ssl_st;

namespace sluice::support {

// Thrown out of a wait when the ScriptedBackend that a connection belongs to is stopped.
class Stopped {};

struct SslFree {
  void operator()(SSL* ssl) const;
};

class Connection {
 public:
  // Takes the descriptor over and makes it non-blocking. `stop_fd`, borrowed and -1 for none, ends
  // every wait with Stopped once it is readable.
  explicit Connection(int fd, int stop_fd = -1);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection& operator=(Connection&&) = delete;

  // Sends all of it. Fails when the peer closes or takes nothing until the deadline.
  void send(std::string_view bytes, Deadline deadline = {});

  // Sends all of it unless the peer closes first, which is no failure here: false then. For what a
  // peer may rightly refuse to read to the end.
  bool try_send(std::string_view bytes, Deadline deadline = {});

  // Sends what the kernel takes at once, and returns how much that was. Plain sockets only.
  std::size_t send_available(std::string_view bytes);

  // At least one byte; empty at the end of the stream.
  std::string recv_some(Deadline deadline = {});

  std::string recv_exact(std::size_t count, Deadline deadline = {});

  // All until the delimiter has arrived, and with it. What came after it stays for the next call.
  std::string recv_until(std::string_view delimiter, Deadline deadline = {});

  // All until the peer closes. A reset ends the stream too; closed_by_reset() tells them apart.
  std::string recv_to_close(Deadline deadline = {});

  // Waits for the end of the stream; fails when a byte comes before it.
  void expect_close(Deadline deadline = {});

  // True when nothing has come and the stream is open at this moment. Says nothing about later.
  bool silent();

  // Like recv_exact and recv_until, but the bytes stay for the next call. Empty when the stream
  // ends first.
  std::string peek(std::size_t count, Deadline deadline = {});

  // No more bytes from here: FIN, preceded by close_notify under TLS. Receiving goes on.
  void half_close();
  // Sends RST, dropping what the peer has not read.
  void reset();
  // Under TLS without close_notify, which the peer may take for a truncation; half_close() sends
  // it.
  void close();

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  bool closed_by_reset() const { return reset_seen_; }
  int local_port() const;
  int peer_port() const;

  // TLS as a client, on a connection that is plain so far. Takes the object over.
  void start_tls(std::unique_ptr<SSL, SslFree> ssl, Deadline deadline);
  // Null while the connection is plain.
  SSL* ssl() const { return ssl_.get(); }

 private:
  enum class Got { Bytes, End };

  // Reads once into buffer_, waiting until it may. Fails at the deadline.
  Got fill(const Deadline& deadline, std::string_view awaited);
  // One read without waiting: >0 bytes, 0 end, -1 would block (then `wanted_` says for what).
  long read_once(char* to, std::size_t size);
  long write_once(std::string_view bytes);
  long tls_outcome(int result);
  void wait(const Deadline& deadline, std::string_view awaited);
  std::string take(std::size_t count);

  int fd_;
  int stop_fd_;
  std::unique_ptr<SSL, SslFree> ssl_;
  std::string buffer_;
  short wanted_ = 0;  // poll events of the operation that would have blocked
  bool reset_seen_ = false;
  bool ended_ = false;
};

// For messages: the bytes with control characters escaped, shortened in the middle when long.
std::string printable(std::string_view bytes);

}  // namespace sluice::support
