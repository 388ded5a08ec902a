// SPDX-License-Identifier: MIT
#include "tests/support/load_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::support {
namespace {

constexpr int kPollMs = 20;

int open_connection(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw Failure("load: no socket");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(fd);
    throw Failure("load: cannot connect");
  }
  return fd;
}

// The size of the whole answer at the front of `bytes`, its status in `status`; nothing while its
// head is not complete; 0 for what is none.
std::optional<std::size_t> answer_size(std::string_view bytes, int* status) {
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return {};
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const std::string_view head = bytes.substr(0, head_end + 2);
  const std::size_t length_at = head.find(kLength);
  if (!head.starts_with(kVersion) || length_at == std::string_view::npos) return 0;
  std::from_chars(head.data() + kVersion.size(), head.data() + head.size(), *status);
  std::size_t length = 0;
  std::from_chars(head.data() + length_at + kLength.size(), head.data() + head.size(), length);
  return head_end + 4 + length;
}

class Load {
 public:
  explicit Load(const LoadOptions& options) : options_(options) {}
  ~Load() {
    for (Client& client : clients_) ::close(client.fd);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  LoadResult run() {
    for (std::size_t i = 0; i < options_.connections; ++i) {
      clients_.push_back({open_connection(options_.port), {}, false});
      send_next(clients_.back());
    }
    while (ended_ < options_.requests) step();
    return result_;
  }

 private:
  struct Client {
    int fd;
    std::string received;
    bool waiting;
  };

  void step() {
    if (options_.deadline.expired()) throw Failure("load: not done in time");
    std::vector<pollfd> polled;
    for (const Client& client : clients_) polled.push_back({client.fd, POLLIN, 0});
    if (::poll(polled.data(), polled.size(), kPollMs) < 0 && errno != EINTR) {
      throw Failure("load: poll");
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (polled[i].revents != 0) on_readable(clients_[i]);
    }
    if (options_.meanwhile) options_.meanwhile(ended_);
  }

  void send_next(Client& client) {
    if (sent_ == options_.requests) return;
    ++sent_;
    client.waiting = true;
    const std::string& request = options_.request;
    const ssize_t sent = ::send(client.fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.size())) fail(client);
  }

  void on_readable(Client& client) {
    char buffer[16384];
    const ssize_t count = ::recv(client.fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return on_closed(client);
    client.received.append(buffer, static_cast<std::size_t>(count));
    int status = 0;
    const std::optional<std::size_t> size = answer_size(client.received, &status);
    if (!size || (*size != 0 && client.received.size() < *size)) return;
    ++ended_;
    client.waiting = false;
    if (*size == 0 || client.received.size() > *size) {
      ++result_.malformed;
      reopen(client);
    } else {
      ++result_.by_status[status];
      client.received.clear();
    }
    send_next(client);
  }

  void on_closed(Client& client) {
    if (client.waiting) return fail(client);
    reopen(client);
  }

  void fail(Client& client) {
    ++result_.broken;
    ++ended_;
    client.waiting = false;
    reopen(client);
    send_next(client);
  }

  void reopen(Client& client) const {
    ::close(client.fd);
    client.fd = open_connection(options_.port);
    client.received.clear();
  }

  const LoadOptions& options_;
  std::vector<Client> clients_;
  LoadResult result_;
  std::size_t sent_ = 0;
  std::size_t ended_ = 0;
};

}  // namespace

std::size_t LoadResult::answered() const {
  std::size_t sum = 0;
  for (const auto& [status, count] : by_status) sum += count;
  return sum;
}

LoadResult run_load(const LoadOptions& options) {
  return Load(options).run();
}

}  // namespace sluice::support
