// SPDX-License-Identifier: MIT
// A DNS server that answers what a test tells it to, over UDP and TCP on one port of 127.0.0.1, in
// a thread of its own. It has no code of the product.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sluice::support {

struct DnsReply {
  // Held: until the name is set anew; over UDP alone.
  enum class Kind : std::uint8_t { Answer, NoSuchHost, ServerFailure, Silence, Held };

  Kind kind = Kind::Answer;
  std::optional<Kind> kind_v6{};  // where questions for IPv6 have another
  // Numeric. Each question gets those of its family, maybe none.
  std::vector<std::string> addresses{};
  std::uint32_t ttl_s = 60;
  std::string alias{};  // not empty: the name is an alias (CNAME) of this one
  std::uint32_t alias_ttl_s = 60;
  bool only_over_tcp = false;  // UDP gets the truncated mark and no records
};

class DnsServer {
 public:
  DnsServer();
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  // "127.0.0.1:12345"
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // From now on, for a name in lower case without a dot at its end. A name never set does not
  // exist.
  void set(const std::string& name, DnsReply reply);

  // Questions for the IPv4 addresses of that name so far, repetitions and TCP counted.
  std::size_t questions(const std::string& name) const;

 private:
  struct HeldQuery {
    std::string query;
    sockaddr_in peer;
  };
  struct TcpClient {
    int fd;
    std::string received;
  };

  void open_sockets();
  void run();
  void serve_datagram();
  void send(const std::string& reply, const sockaddr_in& peer) const;
  // False when the client is gone.
  bool serve_stream(TcpClient& client);
  std::string answer_stream(std::string_view query);
  // REQUIRES: mutex_ is locked, for the rest.
  DnsReply reply_to(const std::string& name) const;
  void count(std::string_view query);
  bool holds(std::string_view query) const;
  // Empty for silence.
  std::string answer(std::string_view query, bool over_tcp) const;

  int udp_ = -1;
  int tcp_ = -1;
  int stop_ = -1;
  std::uint16_t port_ = 0;
  std::vector<TcpClient> clients_;  // the thread's

  mutable std::mutex mutex_;
  std::map<std::string, DnsReply> replies_;       // guarded by mutex_
  std::map<std::string, std::size_t> questions_;  // guarded by mutex_
  std::vector<HeldQuery> held_;                   // guarded by mutex_
  std::thread thread_;
};

}  // namespace sluice::support
