// SPDX-License-Identifier: MIT
#include "proxy/admin_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <system_error>

#include "proxy/base/fd.h"
#include "proxy/http/response_parser.h"

namespace sluice {

namespace {

// What any answer of the admin listener stays below.
constexpr std::size_t kAnswerBytesMax = std::size_t{16} << 20;

Error failed(const AdminCall& call, std::string_view what) {
  return {fmt::format("admin listener {}", call.address.text()), std::string(what)};
}

Error failed(const AdminCall& call) {
  return failed(call, std::system_category().message(errno));
}

bool set_patience(int fd) {
  timeval patience{};
  patience.tv_sec = AdminCall::kPatience.count();
  return ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
         ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// All until the other side closes.
bool receive_all(int fd, std::string& out) {
  char piece[4096];
  while (out.size() < kAnswerBytesMax) {
    const ssize_t got = ::recv(fd, piece, sizeof(piece), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    out.append(piece, static_cast<std::size_t>(got));
  }
  errno = EMSGSIZE;
  return false;
}

std::string request_text(const AdminCall& call) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
                                 call.method, call.target);
  if (!call.token.empty()) text += fmt::format("Authorization: Bearer {}\r\n", call.token);
  if (call.method != "GET") text += "Content-Length: 0\r\n";
  return text + "\r\n";
}

}  // namespace

Result<AdminResponse> call_admin(const AdminCall& call) {
  const Fd socket(::socket(call.address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid() || !set_patience(socket.get())) return failed(call);
  if (::connect(socket.get(), call.address.data(), call.address.size()) != 0) return failed(call);
  std::string answer;
  if (!send_all(socket.get(), request_text(call)) || !receive_all(socket.get(), answer)) {
    return failed(call);
  }
  http::ResponseHead head;
  const http::ParseResult parsed =
      http::parse_response_head(answer, http::HeadLimits(), http::Method::Get, head);
  const bool whole = parsed.status == http::ParseStatus::Done &&
                     head.body.kind == http::BodyKind::Length &&
                     answer.size() == parsed.consumed + head.body.length;
  if (!whole) return failed(call, "what answers there is no admin listener");
  return AdminResponse{head.status, answer.substr(parsed.consumed)};
}

}  // namespace sluice
