// SPDX-License-Identifier: MIT
// Resolver: host names to addresses, over c-ares and without blocking.
//
// Each question is for one family, so that a failure of one is not hidden by an answer of the
// other. The hosts file is read again for every question; of a name that stands there no server is
// asked, for neither family. Truncated answers are asked for again over TCP. Numeric addresses are
// answered without asking anyone. Belongs to one EventLoop (the control thread's) and its thread.
//
// Nothing calls back from within resolve(): answers come from the loop, later. Whoever destroys the
// Query is not called any more, whatever is still under way.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/result.h"
#include "proxy/base/ip.h"
#include "proxy/net/event_loop.h"

struct ares_addrinfo;
struct ares_channeldata;

namespace sluice::net {

struct ResolverOptions {
  std::vector<std::string> servers;         // "192.0.2.1", "192.0.2.1:53", "[2001:db8::1]:53";
                                            // none: those of /etc/resolv.conf
  std::chrono::milliseconds timeout{2000};  // of the first try; each further one has twice that
  int tries = 3;                            // for every server
  std::chrono::milliseconds min_ttl{1000};
  std::chrono::milliseconds max_ttl{300'000};
};

class Resolver final : private Requeued {
  struct Lookup;

 public:
  // None: there is no such name, or it has no address of that family. Failed: nobody could say.
  enum class Outcome : std::uint8_t { Found, None, Failed };
  struct Answer {
    Outcome outcome = Outcome::Failed;
    std::vector<IpAddress> addresses;  // in the order of their bytes, without duplicates; of Found
    std::chrono::milliseconds ttl{0};  // the smallest of the records, within [min_ttl, max_ttl]
    std::string error;                 // a sentence without a full stop; empty: Found
  };
  using Callback = std::function<void(Answer)>;

  // An outstanding question. While it lives the callback may come, once; destroying it guarantees
  // that it never does. May outlive the resolver.
  class Query {
   public:
    Query() = default;
    Query(Query&& other) noexcept;
    Query& operator=(Query&& other) noexcept;
    ~Query();

    bool pending() const { return lookup_ != nullptr; }

   private:
    friend class Resolver;
    explicit Query(Lookup& lookup);
    void release();

    Lookup* lookup_ = nullptr;  // the resolver's; cleared when it has answered or dies
  };

  // Fails when a server's address is wrong or the system's settings cannot be read.
  static Result<std::unique_ptr<Resolver>> open(EventLoop& loop, const ResolverOptions& options);

  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  // REQUIRES: not called from within a callback of this resolver.
  ~Resolver();

  // The addresses of that family, V4 or V6, of `host`: a name, or a numeric address without
  // brackets.
  [[nodiscard]] Query resolve(std::string_view host, IpFamily family, Callback callback);

 private:
  class Socket;
  struct ChannelDeleter {
    void operator()(ares_channeldata* channel) const;
  };
  using Channel = std::unique_ptr<ares_channeldata, ChannelDeleter>;
  using Lookups = std::list<Lookup>;

  Resolver(EventLoop& loop, const ResolverOptions& options);

  static void on_socket_state(void* self, int fd, int readable, int writable);
  void ask(Lookup& lookup, const std::string& name);
  static void on_hosts_file(void* lookup, int status, int timeouts, ares_addrinfo* found);
  static void on_answer(void* lookup, int status, int timeouts, ares_addrinfo* found);

  // Looks names up in "f", the hosts file, or in "b", of the servers.
  Result<Channel> open_channel(std::string lookups);
  std::optional<Error> use_servers();
  void watch_socket(int fd, bool readable, bool writable);
  void process(int readable_fd, int writable_fd);
  void arm_timer();
  void on_timeout();
  void finish(Lookup& lookup, Answer answer);
  void on_requeued() override;

  EventLoop& loop_;
  const ResolverOptions options_;
  Timer timer_;
  std::vector<std::unique_ptr<Socket>> sockets_;  // those c-ares has open
  Lookups asked_;                                 // c-ares points at these
  Lookups answered_;                              // waiting for on_requeued()
  Channel hosts_file_;
  Channel channel_;
};

}  // namespace sluice::net
