// SPDX-License-Identifier: MIT
// One recv(2) or send(2) on a non-blocking socket, as an IoResult. Inline, so that next to nothing
// lies between two calls of a loop.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <span>
#include <string_view>

#include "tls/io_result.h"

namespace sluice::net {

// REQUIRES: `into` is not empty.
inline IoResult receive_from(int socket, std::span<char> into, int flags = 0) {
  for (;;) {
    const ssize_t count = ::recv(socket, into.data(), into.size(), flags);
    if (count > 0) return {IoStatus::Ok, static_cast<std::size_t>(count), 0};
    if (count == 0) return {IoStatus::Eof, 0, 0};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return {IoStatus::Again, 0, 0};
    return {IoStatus::Error, 0, errno};
  }
}

inline IoResult send_to(int socket, std::string_view bytes) {
  for (;;) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return {IoStatus::Ok, static_cast<std::size_t>(count), 0};
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return {IoStatus::Again, 0, 0};
    return {IoStatus::Error, 0, errno};
  }
}

}  // namespace sluice::net
