// SPDX-License-Identifier: MIT
// Idle clients, to see what memory each costs a proxy.
//
//   idle PORT COUNT PATH          COUNT connections to 127.0.0.1:PORT, each after one GET of PATH
//   idle PORT COUNT PATH tls      over TLS 1.3; no certificate is verified
//
// Prints "ready" when all of them have their answer, holds them until its standard input ends, and
// prints how many the proxy has kept until then: "4000 open".
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/load/epoll.h"
#include "benchmarks/load/http.h"

namespace {

struct FreeTls {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

using Tls = std::unique_ptr<SSL, FreeTls>;
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;

// Blocking, plain or over TLS.
struct Connection {
  int fd = -1;
  Tls tls;

  bool write(const std::string& bytes) const {
    const int size = static_cast<int>(bytes.size());
    if (tls != nullptr) return SSL_write(tls.get(), bytes.data(), size) == size;
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == size;
  }

  // Adds what comes; false at the end.
  bool read(std::string& bytes) const {
    std::array<char, 16 * 1024> input{};
    const auto got = tls != nullptr
                         ? SSL_read(tls.get(), input.data(), static_cast<int>(input.size()))
                         : ::recv(fd, input.data(), input.size(), 0);
    if (got <= 0) return false;
    bytes.append(input.data(), static_cast<std::size_t>(got));
    return true;
  }

  // Whatever still lies there to be read, as a ticket may, is no end.
  bool is_open() const {
    std::array<char, 1024> input{};
    ssize_t got = 0;
    do {
      got = ::recv(fd, input.data(), input.size(), MSG_DONTWAIT);
    } while (got > 0);
    return got < 0 && errno == EAGAIN;
  }
};

bool get(const Connection& connection, const std::string& request) {
  if (!connection.write(request)) return false;
  std::string answer;
  while (connection.read(answer)) {
    const std::size_t size = sluice::load::message_size(answer);
    if (size > 0 && answer.size() >= size) return answer.compare(0, 12, "HTTP/1.1 200") == 0;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const bool over_tls = argc == 5 && std::strcmp(argv[4], "tls") == 0;
  const std::uint16_t port = argc == 4 || over_tls ? sluice::load::port_of(argv[1]) : 0;
  const long count = port > 0 ? std::strtol(argv[2], nullptr, 10) : 0;
  if (count <= 0 || count > 20000) {
    std::fprintf(stderr, "usage: idle PORT COUNT PATH [tls]\n");
    return 2;
  }
  const std::string request =
      std::string("GET ") + argv[3] + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const TlsContext context(over_tls ? SSL_CTX_new(TLS_client_method()) : nullptr);
  if (over_tls) SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  std::vector<Connection> connections;
  for (long i = 0; i < count; ++i) {
    Connection& connection = connections.emplace_back();
    connection.fd = sluice::load::connect_to(port);
    bool works = connection.fd >= 0;
    if (works && over_tls) {
      connection.tls.reset(SSL_new(context.get()));
      works = SSL_set_fd(connection.tls.get(), connection.fd) == 1 &&
              SSL_connect(connection.tls.get()) == 1;
    }
    if (!works || !get(connection, request)) {
      std::fprintf(stderr, "connection %ld: no answer\n", i + 1);
      return 1;
    }
  }
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  const auto open = std::count_if(connections.begin(), connections.end(),
                                  [](const Connection& each) { return each.is_open(); });
  std::printf("%ld open\n", static_cast<long>(open));
  return open == count ? 0 : 1;
}
