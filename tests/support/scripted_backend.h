// SPDX-License-Identifier: MIT
// A backend that does to each connection exactly what a script says.
//
// It listens on port 0 of 127.0.0.1 or on a unix socket. Each connection runs the script in a
// thread of its own, so a script is called by several threads at once when there are several
// connections. A script that returns closes its connection. stop(), and the destructor, end every
// wait in a script and join all threads; a script must not wait for anything else without a bound.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/connection.h"
#include "tests/support/http_reader.h"

namespace sluice::support {

class ScriptedBackend;

class BackendConnection : public Connection {
 public:
  BackendConnection(ScriptedBackend& backend, int fd, int stop_fd, int number)
      : Connection(fd, stop_fd), backend_(backend), number_(number) {}

  // Of this connection: 0 for the first that the backend accepted.
  int number() const { return number_; }

  // The next request with its body, also kept for ScriptedBackend::requests(). Nothing when the
  // peer closed, or reset, before the first byte of one.
  std::optional<Request> recv_request(Deadline deadline = {});
  // Only its head; the script reads the body.
  std::optional<Request> recv_head(Deadline deadline = {});

  // A whole response with Content-Length.
  void respond(int status, std::string_view body, const Fields& fields = {});

 private:
  std::optional<Request> keep(std::optional<Request> request);

  ScriptedBackend& backend_;
  int number_;
};

class ScriptedBackend {
 public:
  using Script = std::function<void(BackendConnection&)>;

  // Listens at once. `unix_path` empty: TCP.
  explicit ScriptedBackend(Script script, std::string unix_path = {});
  ~ScriptedBackend();
  ScriptedBackend(const ScriptedBackend&) = delete;
  ScriptedBackend& operator=(const ScriptedBackend&) = delete;

  // A script that gives every request the same answer, and keeps the connection alive.
  static Script answer(int status, std::string_view body, const Fields& fields = {});

  int port() const { return port_; }
  std::string address() const;  // as a config has it: "127.0.0.1:41233" or "unix:/path"

  // Closes everything; connecting is refused from then on. The port stays ours.
  void stop();
  // Listens again on the same port. REQUIRES: stopped.
  void start();

  int connections() const { return connections_; }  // accepted so far
  int open_connections() const { return open_; }    // whose script has not ended
  int request_count() const;
  std::vector<Request> requests() const;      // all received so far, in order
  std::vector<std::string> failures() const;  // of scripts; a test checks that it is empty

  // Wait until that many have come since the construction.
  void wait_for_requests(int count, Deadline deadline = {}) const;
  void wait_for_connections(int count, Deadline deadline = {}) const;
  // Waits until no connection is open.
  void wait_for_idle(Deadline deadline = {}) const;

 private:
  friend class BackendConnection;

  int bound_socket() const;
  void end_threads();
  void accept_loop(int listening);
  void join_ended();  // REQUIRES: mutex_ held
  void run_script(int fd, int number);
  void record(const Request& request);
  void wait_until(const std::function<bool()>& reached, std::string_view what,
                  const Deadline& deadline) const;

  Script script_;
  std::string unix_path_;
  int port_ = 0;
  int held_fd_ = -1;  // while stopped: bound, so that nobody takes the port, and not listening
  int stop_fd_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Request> requests_;
  std::vector<std::string> failures_;
  std::list<std::thread> scripts_;
  std::vector<std::thread::id> ended_;  // of scripts_, to be joined
  std::atomic<int> connections_{0};
  std::atomic<int> open_{0};
  std::thread acceptor_;
};

// The bytes of a response with Content-Length.
std::string response_text(int status, std::string_view body, const Fields& fields = {});

}  // namespace sluice::support
