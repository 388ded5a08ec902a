// SPDX-License-Identifier: MIT
#include "tests/support/scripted_backend.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::support {
namespace {

constexpr int kBacklog = 512;

[[noreturn]] void fail(std::string_view call) {
  throw Failure(fmt::format("backend: {}: {}", call, errno_text()));
}

int bound_tcp(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    fail("bind");
  }
  return fd;
}

int bound_unix(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) throw Failure("too long for a socket: " + path);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  ::unlink(path.c_str());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    fail("bind");
  }
  return fd;
}

}  // namespace

std::string response_text(int status, std::string_view body, const Fields& fields) {
  std::string text =
      fmt::format("HTTP/1.1 {} Status\r\nContent-Length: {}\r\n", status, body.size());
  for (const auto& [name, value] : fields) text += fmt::format("{}: {}\r\n", name, value);
  return text.append("\r\n").append(body);
}

std::optional<Request> BackendConnection::keep(std::optional<Request> request) {
  if (request) backend_.record(*request);
  return request;
}

std::optional<Request> BackendConnection::recv_request(Deadline deadline) {
  return keep(read_request(*this, deadline));
}

std::optional<Request> BackendConnection::recv_head(Deadline deadline) {
  return keep(read_request_head(*this, deadline));
}

void BackendConnection::respond(int status, std::string_view body, const Fields& fields) {
  send(response_text(status, body, fields));
}

ScriptedBackend::Script ScriptedBackend::answer(int status, std::string_view body,
                                                const Fields& fields) {
  return [text = response_text(status, body, fields)](BackendConnection& connection) {
    while (const auto request = connection.recv_request()) {
      if (!connection.try_send(text)) return;
    }
  };
}

ScriptedBackend::ScriptedBackend(Script script, std::string unix_path)
    : script_(std::move(script)),
      unix_path_(std::move(unix_path)),
      stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (stop_fd_ < 0) fail("eventfd");
  try {
    held_fd_ = bound_socket();
    start();
  } catch (...) {
    if (held_fd_ >= 0) ::close(held_fd_);
    ::close(stop_fd_);
    throw;
  }
}

ScriptedBackend::~ScriptedBackend() {
  if (acceptor_.joinable()) end_threads();
  if (held_fd_ >= 0) ::close(held_fd_);
  ::close(stop_fd_);
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

int ScriptedBackend::bound_socket() const {
  return unix_path_.empty() ? bound_tcp(port_) : bound_unix(unix_path_);
}

std::string ScriptedBackend::address() const {
  return unix_path_.empty() ? fmt::format("127.0.0.1:{}", port_) : "unix:" + unix_path_;
}

void ScriptedBackend::start() {
  std::uint64_t drained = 0;
  [[maybe_unused]] const ssize_t got = ::read(stop_fd_, &drained, sizeof drained);
  if (::listen(held_fd_, kBacklog) != 0) fail("listen");
  if (unix_path_.empty()) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(held_fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      fail("getsockname");
    }
    port_ = ntohs(address.sin_port);
  }
  acceptor_ =
      std::thread([this, listening = std::exchange(held_fd_, -1)] { accept_loop(listening); });
}

void ScriptedBackend::stop() {
  end_threads();
  held_fd_ = bound_socket();
}

void ScriptedBackend::end_threads() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_fd_, &one, sizeof one);
  acceptor_.join();
  std::list<std::thread> scripts;
  {
    const std::lock_guard lock(mutex_);
    scripts.swap(scripts_);
  }
  for (std::thread& script : scripts) script.join();
}

void ScriptedBackend::accept_loop(int listening) {
  pollfd polled[2] = {{listening, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
  while (polled[1].revents == 0) {
    if (::poll(polled, 2, -1) <= 0 || polled[0].revents == 0) continue;
    const int fd = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) continue;
    const std::lock_guard lock(mutex_);
    join_ended();
    ++open_;
    const int number = connections_++;
    scripts_.emplace_back([this, fd, number] { run_script(fd, number); });
    changed_.notify_all();
  }
  ::close(listening);
}

// So that a backend of many connections does not keep a thread for each.
void ScriptedBackend::join_ended() {
  for (const std::thread::id id : std::exchange(ended_, {})) {
    const auto script = std::find_if(scripts_.begin(), scripts_.end(),
                                     [id](const std::thread& one) { return one.get_id() == id; });
    if (script == scripts_.end()) continue;  // of a stop() before
    script->join();
    scripts_.erase(script);
  }
}

void ScriptedBackend::run_script(int fd, int number) {
  std::string failure;
  try {
    BackendConnection connection(*this, fd, stop_fd_, number);
    script_(connection);
  } catch (const Stopped&) {  // as stop() asked for
  } catch (const std::exception& error) {
    failure = fmt::format("connection {}: {}", number, error.what());
  }
  const std::lock_guard lock(mutex_);
  if (!failure.empty()) failures_.push_back(std::move(failure));
  --open_;
  ended_.push_back(std::this_thread::get_id());
  changed_.notify_all();
}

void ScriptedBackend::record(const Request& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  changed_.notify_all();
}

int ScriptedBackend::request_count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(requests_.size());
}

std::vector<Request> ScriptedBackend::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> ScriptedBackend::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

void ScriptedBackend::wait_until(const std::function<bool()>& reached, std::string_view what,
                                 const Deadline& deadline) const {
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, deadline.end(), reached)) return;
  std::string text = fmt::format("waited in vain for {}; {} connections, {} open, {} requests",
                                 what, connections_.load(), open_.load(), requests_.size());
  for (const std::string& failure : failures_) text += "\n" + failure;
  throw Failure(text);
}

void ScriptedBackend::wait_for_requests(int count, Deadline deadline) const {
  wait_until([this, count] { return static_cast<int>(requests_.size()) >= count; },
             fmt::format("{} requests", count), deadline);
}

void ScriptedBackend::wait_for_connections(int count, Deadline deadline) const {
  wait_until([this, count] { return connections_ >= count; }, fmt::format("{} connections", count),
             deadline);
}

void ScriptedBackend::wait_for_idle(Deadline deadline) const {
  wait_until([this] { return open_ == 0; }, "the end of all connections", deadline);
}

}  // namespace sluice::support
