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
// One thread, one epoll set. A request's body is as long as its Content-Length says; heads may be
// pipelined or cut anywhere. Runs until it is killed.
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "benchmarks/load/epoll.h"
#include "benchmarks/load/http.h"

namespace {

using sluice::load::Epoll;
using sluice::load::kHeadEnd;

constexpr std::string_view kServed = "X-Served: ";
constexpr std::size_t kServedDigits = 10;

struct Connection {
  std::string head;      // the beginning of one that was cut
  std::size_t body = 0;  // bytes still to come of the request's
  std::size_t sent = 0;  // bytes of the answer under way
  std::size_t due = 0;   // answers, the one under way among them
};

// How many requests end in these bytes.
std::size_t count_requests(Connection& connection, std::string_view bytes) {
  const std::string before = std::exchange(connection.head, {});
  const std::string joined = before.empty() ? before : before + std::string(bytes);
  if (!joined.empty()) bytes = joined;
  std::size_t requests = 0;
  while (!bytes.empty()) {
    if (connection.body == 0) {
      const std::size_t end = bytes.find(kHeadEnd);
      if (end == std::string_view::npos) {
        connection.head = bytes;
        break;
      }
      const std::string_view head = bytes.substr(0, end + kHeadEnd.size());
      if (head.front() != 'G') connection.body = sluice::load::content_length(head);
      bytes.remove_prefix(head.size());
    } else {
      const std::size_t here = std::min(connection.body, bytes.size());
      connection.body -= here;
      bytes.remove_prefix(here);
    }
    if (connection.body == 0) ++requests;
  }
  return requests;
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
    count();
    epoll_.add(listening_, EPOLLIN);
  }

  [[noreturn]] void run() {
    sluice::load::serve_all(
        epoll_, listening_, connections_, [this] { accept_one(); },
        [this](int fd, Connection& connection) { return serve(fd, connection); });
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
    const bool was_full = connection.due > 0;
    if (!was_full) {
      const ssize_t got = ::recv(fd, input_.data(), input_.size(), 0);
      if (got <= 0) return got < 0 && errno == EAGAIN;
      connection.due = count_requests(connection, {input_.data(), static_cast<std::size_t>(got)});
    }
    if (!answer(fd, connection)) return false;
    const bool is_full = connection.due > 0;
    if (is_full != was_full) epoll_.change(fd, is_full ? EPOLLOUT : EPOLLIN);
    return true;
  }

  // The number of the next answer. Counts in place, on the digits.
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

  // Sends what is due, or as much of it as the socket takes. All answers are the same bytes; a
  // number that changes under a head half sent is none the less one.
  bool answer(int fd, Connection& connection) {
    while (connection.due > 0) {
      const std::string_view rest(answer_.data() + connection.sent,
                                  answer_.size() - connection.sent);
      const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN;
      connection.sent += static_cast<std::size_t>(sent);
      if (connection.sent < answer_.size()) return true;
      connection.sent = 0;
      --connection.due;
      count();
    }
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
