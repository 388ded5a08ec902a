// SPDX-License-Identifier: MIT
#include "tests/support/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sluice::support {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;

std::string openssl_errors() {
  std::string text;
  char line[256];
  while (const unsigned long code = ERR_get_error()) {
    ERR_error_string_n(code, line, sizeof line);
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text;
}

int port_of(int fd, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_in6 address{};  // sin_port and sin6_port lie at the same place
  socklen_t size = sizeof address;
  if (ask(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw Failure(fmt::format("the socket has no address: {}", errno_text()));
  }
  return ntohs(address.sin6_port);
}

}  // namespace

void SslFree::operator()(SSL* ssl) const {
  SSL_free(ssl);
}

Connection::Connection(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  const int on = 1;  // fails on a unix socket, which has nothing to delay
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::~Connection() {
  close();
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      stop_fd_(other.stop_fd_),
      ssl_(std::move(other.ssl_)),
      buffer_(std::move(other.buffer_)),
      wanted_(other.wanted_),
      reset_seen_(other.reset_seen_),
      ended_(other.ended_) {}

void Connection::wait(const Deadline& deadline, std::string_view awaited) {
  pollfd polled[2] = {{fd_, wanted_, 0}, {stop_fd_, POLLIN, 0}};
  for (;;) {
    const int ready = ::poll(polled, stop_fd_ >= 0 ? 2 : 1, deadline.poll_ms());
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) throw Failure(fmt::format("poll: {}", errno_text()));
    if (ready > 0 && stop_fd_ >= 0 && polled[1].revents != 0) throw Stopped{};
    if (ready > 0) return;
    if (!deadline.expired()) continue;
    throw Failure(fmt::format("waited in vain for {}; there is {}", awaited, printable(buffer_)));
  }
}

// Under TLS a read may have to wait until it can write, and the reverse.
long Connection::tls_outcome(int result) {
  if (result > 0) return result;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      wanted_ = POLLIN;
      return -1;
    case SSL_ERROR_WANT_WRITE:
      wanted_ = POLLOUT;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    case SSL_ERROR_SYSCALL:
      reset_seen_ = errno == ECONNRESET || errno == EPIPE;
      if (reset_seen_) return 0;
      throw Failure(fmt::format("TLS: {} {}", errno_text(), openssl_errors()));
    default:
      throw Failure("TLS: " + openssl_errors());
  }
}

long Connection::read_once(char* to, std::size_t size) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    return tls_outcome(SSL_read(ssl_.get(), to, static_cast<int>(size)));
  }
  for (;;) {
    const ssize_t got = ::recv(fd_, to, size, 0);
    if (got >= 0) return got;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      wanted_ = POLLIN;
      return -1;
    }
    if (errno != ECONNRESET) throw Failure(fmt::format("recv: {}", errno_text()));
    reset_seen_ = true;
    return 0;
  }
}

// Like read_once; 0 when the peer takes no more for good.
long Connection::write_once(std::string_view bytes) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    return tls_outcome(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())));
  }
  for (;;) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      wanted_ = POLLOUT;
      return -1;
    }
    if (errno != ECONNRESET && errno != EPIPE) {
      throw Failure(fmt::format("send: {}", errno_text()));
    }
    return 0;
  }
}

void Connection::send(std::string_view bytes, Deadline deadline) {
  if (!try_send(bytes, deadline)) {
    throw Failure("the peer closed before it took " + printable(bytes));
  }
}

bool Connection::try_send(std::string_view bytes, Deadline deadline) {
  if (!is_open()) throw Failure("send on a closed connection");
  while (!bytes.empty()) {
    const long sent = write_once(bytes);
    if (sent == 0) return false;
    if (sent < 0) {
      wait(deadline, "the peer to take bytes");
      continue;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t Connection::send_available(std::string_view bytes) {
  std::size_t total = 0;
  while (total < bytes.size()) {
    const long sent = write_once(bytes.substr(total));
    if (sent <= 0) break;
    total += static_cast<std::size_t>(sent);
  }
  return total;
}

Connection::Got Connection::fill(const Deadline& deadline, std::string_view awaited) {
  if (ended_) return Got::End;
  if (!is_open()) throw Failure("receive on a closed connection");
  const std::size_t size = buffer_.size();
  for (;;) {
    buffer_.resize(size + kReadSize);
    long got = -1;
    try {
      got = read_once(buffer_.data() + size, kReadSize);
    } catch (...) {
      buffer_.resize(size);
      throw;
    }
    buffer_.resize(size + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got > 0) return Got::Bytes;
    if (got == 0) {
      ended_ = true;
      return Got::End;
    }
    wait(deadline, awaited);
  }
}

std::string Connection::take(std::size_t count) {
  std::string taken = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return taken;
}

std::string Connection::recv_some(Deadline deadline) {
  if (buffer_.empty()) fill(deadline, "any byte");
  return take(buffer_.size());
}

std::string Connection::recv_exact(std::size_t count, Deadline deadline) {
  while (buffer_.size() < count) {
    if (fill(deadline, fmt::format("{} bytes", count)) == Got::End) {
      throw Failure(fmt::format("the stream ended before {} bytes: {}", count, printable(buffer_)));
    }
  }
  return take(count);
}

std::string Connection::recv_until(std::string_view delimiter, Deadline deadline) {
  std::size_t searched = 0;
  for (;;) {
    const std::size_t found = buffer_.find(delimiter, searched);
    if (found != std::string::npos) return take(found + delimiter.size());
    searched = buffer_.size() >= delimiter.size() ? buffer_.size() - delimiter.size() + 1 : 0;
    if (fill(deadline, printable(delimiter)) == Got::End) {
      throw Failure(
          fmt::format("the stream ended before {}: {}", printable(delimiter), printable(buffer_)));
    }
  }
}

std::string Connection::recv_to_close(Deadline deadline) {
  while (fill(deadline, "the end of the stream") == Got::Bytes) {
  }
  return take(buffer_.size());
}

void Connection::expect_close(Deadline deadline) {
  if (buffer_.empty()) fill(deadline, "the end of the stream");
  if (!buffer_.empty()) throw Failure("bytes before the end of the stream: " + printable(buffer_));
}

bool Connection::silent() {
  if (!buffer_.empty() || ended_ || !is_open()) return false;
  char byte = 0;
  const long got = read_once(&byte, 1);
  if (got > 0) buffer_.push_back(byte);
  if (got == 0) ended_ = true;
  return got < 0;
}

std::string Connection::peek(std::size_t count, Deadline deadline) {
  while (buffer_.size() < count) {
    if (fill(deadline, fmt::format("{} bytes", count)) == Got::End) return {};
  }
  return buffer_.substr(0, count);
}

void Connection::half_close() {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  if (::shutdown(fd_, SHUT_WR) != 0 && errno != ENOTCONN) {
    throw Failure(fmt::format("shutdown: {}", errno_text()));
  }
}

void Connection::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void Connection::close() {
  // Without this OpenSSL takes the missing close_notify for a reason not to resume the session.
  if (ssl_ != nullptr) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  ssl_.reset();
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

int Connection::local_port() const {
  return port_of(fd_, ::getsockname);
}
int Connection::peer_port() const {
  return port_of(fd_, ::getpeername);
}

void Connection::start_tls(std::unique_ptr<SSL, SslFree> ssl, Deadline deadline) {
  ssl_ = std::move(ssl);
  SSL_set_fd(ssl_.get(), fd_);
  SSL_set_connect_state(ssl_.get());
  for (;;) {
    ERR_clear_error();
    const long done = tls_outcome(SSL_do_handshake(ssl_.get()));
    if (done > 0) return;
    if (done == 0) throw Failure("the peer closed during the TLS handshake");
    wait(deadline, "the TLS handshake");
  }
}

std::string printable(std::string_view bytes) {
  constexpr std::size_t kShown = 600;
  std::string text = fmt::format("{} bytes \"", bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == kShown && bytes.size() > 2 * kShown) {
      i = bytes.size() - kShown;
      text += "\" ... \"";
    }
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte == '\r') {
      text += "\\r";
    } else if (byte == '\n') {
      text += "\\n";
    } else if (byte < 0x20 || byte >= 0x7f) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += static_cast<char>(byte);
    }
  }
  return text + "\"";
}

}  // namespace sluice::support
