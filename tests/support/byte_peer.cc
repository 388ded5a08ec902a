// SPDX-License-Identifier: MIT
#include "tests/support/byte_peer.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace sluice::support {

void BytePeer::send(std::string_view bytes) {
  if (!untouched()) return;
  pending_ += bytes;
  send_pending();
}

void BytePeer::half_close() {
  if (!untouched()) return;
  pending_.clear();
  shut_ = true;
  ::shutdown(fd_.get(), SHUT_WR);
}

void BytePeer::close() {
  pending_.clear();
  shut_ = true;
  fd_.reset();
}

void BytePeer::reset() {
  if (!open()) return;
  const linger abort{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
  close();
}

bool BytePeer::pump() {
  const bool sent = send_pending();
  return receive() || sent;
}

bool BytePeer::send_pending() {
  bool moved = false;
  while (open() && !pending_.empty()) {
    const ssize_t count =
        ::send(fd_.get(), pending_.data(), pending_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      pending_.clear();
      break;
    }
    moved = true;
    pending_.erase(0, static_cast<std::size_t>(count));
  }
  return moved;
}

bool BytePeer::receive() {
  bool moved = false;
  std::array<char, 16 * 1024> buffer;
  while (open() && reading_ && !ended_) {
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) break;
    moved = true;
    if (count <= 0) {
      ended_ = true;
    } else {
      received_.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  return moved;
}

}  // namespace sluice::support
