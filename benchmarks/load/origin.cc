// SPDX-License-Identifier: MIT
// The backend of the load benchmarks: gives every request the same canned answer and costs as
// little as it can, so that what is measured is the proxy.
//
//   origin PORT BYTES              listens on 127.0.0.1:PORT, answers with a body of BYTES
//   origin PORT BYTES MAX_AGE      lets caches keep it for MAX_AGE seconds, and numbers the answers
//
// The number, in the field X-Served, tells an answer kept by a cache from a fresh one, and two of
// the origin's own tell whether anybody else asked in between.
//
// One thread, one epoll set. Requests are taken to have no body; their heads may be pipelined or
// cut anywhere. Runs until it is killed.
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "benchmarks/load/epoll.h"

namespace {

using sluice::load::Epoll;

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kServed = "X-Served: ";
constexpr std::size_t kServedDigits = 10;

struct Connection {
  std::size_t matched = 0;  // bytes of kHeadEnd seen at the end of what has been read
  std::string unsent;       // what the socket did not take yet
};

// How many heads end in these bytes. Where the match breaks, only a CR can begin it anew.
int count_heads(Connection& connection, std::string_view bytes) {
  int heads = 0;
  std::size_t matched = connection.matched;
  for (const char byte : bytes) {
    if (byte == kHeadEnd[matched]) {
      ++matched;
    } else {
      matched = byte == '\r' ? 1 : 0;
    }
    if (matched == kHeadEnd.size()) {
      ++heads;
      matched = 0;
    }
  }
  connection.matched = matched;
  return heads;
}

// Without a max_age nothing is said of caches, and nothing is numbered.
std::string make_answer(std::size_t body_size, long max_age) {
  std::string answer = "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\n";
  if (max_age > 0) {
    answer += "Cache-Control: max-age=" + std::to_string(max_age) + "\r\n";
    answer.append(kServed).append(kServedDigits, '0').append("\r\n");
  }
  answer += "Content-Length: " + std::to_string(body_size) + "\r\n\r\n";
  answer.append(body_size, 'x');
  return answer;
}

class Origin {
 public:
  Origin(int listening, std::string answer) : listening_(listening), answer_(std::move(answer)) {
    const std::size_t served = answer_.find(kServed);
    if (served != std::string::npos) number_end_ = served + kServed.size() + kServedDigits;
    epoll_.add(listening_, EPOLLIN);
  }

  [[noreturn]] void run() {
    epoll_.run([this](int fd, std::uint32_t) {
      if (fd == listening_) {
        accept_one();
      } else if (!serve(fd, connections_.at(fd))) {
        connections_.erase(fd);
        ::close(fd);
      }
    });
  }

 private:
  void accept_one() {
    const int fd = sluice::load::accept_from(listening_);
    if (fd < 0) return;
    connections_.emplace(fd, Connection{});
    epoll_.add(fd, EPOLLIN);
  }

  // False when the connection is at its end. Reads nothing while the peer takes nothing.
  bool serve(int fd, Connection& connection) {
    const bool was_full = !connection.unsent.empty();
    if (was_full) {
      if (!send_some(fd, connection)) return false;
    } else {
      const ssize_t got = ::recv(fd, input_.data(), input_.size(), 0);
      if (got <= 0) return got < 0 && errno == EAGAIN;
      int heads = count_heads(connection, {input_.data(), static_cast<std::size_t>(got)});
      for (; heads > 0; --heads) {
        if (!answer(fd, connection)) return false;
      }
    }
    const bool is_full = !connection.unsent.empty();
    if (is_full != was_full) epoll_.change(fd, is_full ? EPOLLOUT : EPOLLIN);
    return true;
  }

  // Counts in place, on the digits.
  void count() {
    if (number_end_ == 0) return;
    for (std::size_t i = 1; i <= kServedDigits; ++i) {
      char& digit = answer_[number_end_ - i];
      if (digit != '9') {
        ++digit;
        return;
      }
      digit = '0';
    }
  }

  bool answer(int fd, Connection& connection) {
    count();
    if (connection.unsent.empty()) {
      const ssize_t sent = ::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      if (sent == static_cast<ssize_t>(answer_.size())) return true;
      if (sent < 0 && errno != EAGAIN) return false;
      connection.unsent = answer_.substr(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    } else {
      connection.unsent += answer_;
    }
    return true;
  }

  static bool send_some(int fd, Connection& connection) {
    const ssize_t sent =
        ::send(fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    connection.unsent.erase(0, static_cast<std::size_t>(sent));
    return true;
  }

  int listening_;
  Epoll epoll_;
  std::string answer_;
  std::size_t number_end_ = 0;  // where the number of the answer ends; 0: it has none
  std::array<char, 64 * 1024> input_{};
  std::unordered_map<int, Connection> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool complete = argc == 3 || argc == 4;
  const std::uint16_t port = complete ? sluice::load::port_of(argv[1]) : 0;
  const long bytes = complete ? std::strtol(argv[2], nullptr, 10) : -1;
  const long max_age = argc == 4 ? std::strtol(argv[3], nullptr, 10) : 0;
  if (port == 0 || bytes < 0 || max_age < 0) {
    std::fprintf(stderr, "usage: origin PORT BYTES [MAX_AGE]\n");
    return 2;
  }
  const auto origin = std::make_unique<Origin>(
      sluice::load::listen_on(port), make_answer(static_cast<std::size_t>(bytes), max_age));
  origin->run();
}
