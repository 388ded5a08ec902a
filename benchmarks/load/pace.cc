// SPDX-License-Identifier: MIT
// Load at a constant rate, to see how long answers take when a proxy is not full.
//
//   pace PORT RATE SECONDS CONNECTIONS PATH
//
// GETs of PATH from 127.0.0.1:PORT, RATE a second, evenly, over so many connections that are kept.
// Each is timed from the moment at which it was due, so a proxy that stalls is charged for all that
// had to wait meanwhile. Prints "requests p50 p99 p99.9 errors", times in microseconds.
//
// (h2load has a rate, too, but sends it in bursts of all its connections every 10 ms.)
#include <sys/prctl.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/load/epoll.h"
#include "benchmarks/load/http.h"

namespace {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

constexpr Nanoseconds kPatience = std::chrono::seconds(2);  // for what is out at the end

class Pace {
 public:
  Pace(std::uint16_t port, double rate, long seconds, const std::string& path)
      : port_(port),
        interval_(1e9 / rate),
        total_(static_cast<std::size_t>(rate * static_cast<double>(seconds))),
        request_("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n") {
    latencies_.reserve(total_);
  }

  bool connect() {
    const int fd = sluice::load::connect_to(port_);
    if (fd < 0) return false;
    connections_.push_back({fd, {}, {}});
    idle_.push_back(connections_.size() - 1);
    epoll_.add(fd, EPOLLIN);
    by_fd_.resize(std::max(by_fd_.size(), static_cast<std::size_t>(fd) + 1));
    by_fd_.at(static_cast<std::size_t>(fd)) = connections_.size() - 1;
    return true;
  }

  void run() {
    start_ = Clock::now();
    const Clock::time_point end = due(total_) + kPatience;
    while (latencies_.size() + errors_ < total_) {
      const Clock::time_point now = Clock::now();
      if (now >= end) break;
      while (next_ < total_ && due(next_) <= now && !idle_.empty()) send_next();
      // Where none is idle, an answer has to come first.
      const bool waits_for_time = next_ < total_ && !idle_.empty();
      epoll_.wait((waits_for_time ? due(next_) : end) - now, [this](int fd, std::uint32_t) {
        receive(by_fd_.at(static_cast<std::size_t>(fd)));
      });
    }
    errors_ = total_ - latencies_.size();
  }

  void print() {
    std::sort(latencies_.begin(), latencies_.end());
    std::printf("%zu %.0f %.0f %.0f %zu\n", latencies_.size(), quantile(0.5), quantile(0.99),
                quantile(0.999), errors_);
  }

 private:
  struct Connection {
    int fd = -1;
    Clock::time_point due;
    std::string answer;
  };

  Clock::time_point due(std::size_t index) const {
    return start_ + Nanoseconds(static_cast<long>(interval_ * static_cast<double>(index)));
  }

  void send_next() {
    Connection& connection = connections_.at(idle_.back());
    connection.due = due(next_++);
    const ssize_t sent = ::send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request_.size())) ++errors_;
    idle_.pop_back();
  }

  void receive(std::size_t index) {
    Connection& connection = connections_.at(index);
    const ssize_t got = ::recv(connection.fd, input_.data(), input_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {  // no request is given to it any more
      ++errors_;
      ::close(connection.fd);
      std::erase(idle_, index);
      return;
    }
    connection.answer.append(input_.data(), static_cast<std::size_t>(got));
    const std::size_t size = sluice::load::message_size(connection.answer);
    if (size == 0 || connection.answer.size() < size) return;
    if (connection.answer.size() == size && connection.answer.compare(0, 12, "HTTP/1.1 200") == 0) {
      const std::chrono::duration<double, std::micro> took = Clock::now() - connection.due;
      latencies_.push_back(took.count());
    } else {
      ++errors_;
    }
    connection.answer.clear();
    idle_.push_back(index);
  }

  double quantile(double part) const {
    if (latencies_.empty()) return 0;
    return latencies_.at(static_cast<std::size_t>(part * static_cast<double>(latencies_.size())));
  }

  std::uint16_t port_;
  double interval_;  // nanoseconds
  std::size_t total_;
  std::string request_;
  sluice::load::Epoll epoll_;
  std::array<char, 64 * 1024> input_{};
  std::vector<Connection> connections_;
  std::vector<std::size_t> by_fd_;  // places in connections_
  std::vector<std::size_t> idle_;   // likewise
  std::vector<double> latencies_;   // microseconds
  Clock::time_point start_;
  std::size_t next_ = 0;
  std::size_t errors_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint16_t port = argc == 6 ? sluice::load::port_of(argv[1]) : 0;
  const double rate = argc == 6 ? std::strtod(argv[2], nullptr) : 0;
  const long seconds = argc == 6 ? std::strtol(argv[3], nullptr, 10) : 0;
  const long connections = argc == 6 ? std::strtol(argv[4], nullptr, 10) : 0;
  if (port == 0 || rate < 1 || rate > 1e7 || seconds < 1 || seconds > 600 || connections < 1) {
    std::fprintf(stderr, "usage: pace PORT RATE SECONDS CONNECTIONS PATH\n");
    return 2;
  }
  ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);  // else a wait ends up to 50 us late
  const auto pace = std::make_unique<Pace>(port, rate, seconds, argv[5]);
  for (long i = 0; i < connections; ++i) {
    if (!pace->connect()) {
      std::fprintf(stderr, "port %d: %s\n", port, std::strerror(errno));
      return 1;
    }
  }
  pace->run();
  pace->print();
}
