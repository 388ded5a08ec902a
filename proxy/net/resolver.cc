// SPDX-License-Identifier: MIT
#include "proxy/net/resolver.h"

#include <ares.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/net/address.h"
#include "proxy/net/fd_event.h"

namespace sluice::net {

namespace {

constexpr std::uint16_t kDnsPort = 53;
// What passes every network unfragmented (DNS Flag Day 2020); longer answers come over TCP.
constexpr int kEdnsBytes = 1232;

std::string sentence(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return "no such host";
    case ARES_ENODATA:
      return "the name has no address";
    case ARES_ETIMEOUT:
      return "timeout: no DNS server answered";
    case ARES_ECONNREFUSED:  // also after SERVFAIL, NOTIMP or REFUSED from the last of them
      return "no DNS server could be reached or could answer";
    case ARES_EBADNAME:
      return "not a host name";
    default:
      return ares_strerror(status);
  }
}

int number_of(IpFamily family) {
  return family == IpFamily::V4 ? AF_INET : AF_INET6;
}

// Of that family alone.
std::vector<IpAddress> addresses_of(const ares_addrinfo* found, IpFamily family) {
  std::vector<IpAddress> addresses;
  const ares_addrinfo_node* node = found == nullptr ? nullptr : found->nodes;
  for (; node != nullptr; node = node->ai_next) {
    if (node->ai_family != number_of(family)) continue;
    addresses.push_back(Address(node->ai_addr, node->ai_addrlen).ip());
  }
  std::ranges::sort(addresses, {}, &IpAddress::bytes);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

Resolver::Answer answer_of(int status, const ares_addrinfo* found, IpFamily family) {
  Resolver::Answer answer;
  if (status == ARES_SUCCESS) answer.addresses = addresses_of(found, family);
  if (!answer.addresses.empty()) {
    answer.outcome = Resolver::Outcome::Found;
    return answer;
  }
  if (status == ARES_SUCCESS) status = ARES_ENODATA;
  const bool is_none = status == ARES_ENODATA || status == ARES_ENOTFOUND;
  answer.outcome = is_none ? Resolver::Outcome::None : Resolver::Outcome::Failed;
  answer.error = sentence(status);
  return answer;
}

struct FreeRecords {
  void operator()(ares_addrinfo* found) const { ares_freeaddrinfo(found); }
};
using Records = std::unique_ptr<ares_addrinfo, FreeRecords>;

ares_addrinfo_hints hints_of(int family) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;  // by reachability, which opens sockets; we sort by value
  return hints;
}

std::chrono::seconds smallest_ttl(const ares_addrinfo& found) {
  int ttl_s = found.nodes->ai_ttl;
  for (const ares_addrinfo_node* node = found.nodes; node != nullptr; node = node->ai_next) {
    ttl_s = std::min(ttl_s, node->ai_ttl);
  }
  for (const ares_addrinfo_cname* alias = found.cnames; alias != nullptr; alias = alias->next) {
    ttl_s = std::min(ttl_s, alias->ttl);
  }
  return std::chrono::seconds(std::max(ttl_s, 0));
}

std::optional<Address> parse_server(std::string_view text) {
  std::optional<IpAddress> ip = IpAddress::parse(text);
  std::optional<Address> address = ip ? Address::of(*ip, kDnsPort) : Address::parse(text);
  if (!address || address->is_unix() || address->ip().is_unspecified()) return {};
  return address;
}

ares_addr_port_node server_node(const Address& address) {
  ares_addr_port_node node{};
  const IpAddress ip = address.ip();
  node.udp_port = node.tcp_port = address.port();
  node.family = ip.is_v4() ? AF_INET : AF_INET6;
  if (ip.is_v4()) {
    std::memcpy(&node.addr.addr4, ip.bytes.data() + 12, sizeof(node.addr.addr4));
  } else {
    std::memcpy(&node.addr.addr6, ip.bytes.data(), sizeof(node.addr.addr6));
  }
  return node;
}

}  // namespace

// One question: with c-ares while it stands in asked_, then in answered_ until the loop has told.
struct Resolver::Lookup {
  Resolver* resolver;
  IpFamily family;
  Callback callback;
  Query* query = nullptr;      // null: nobody waits any more
  bool in_hosts_file = false;  // whatever addresses it has there
  Answer answer;
  Lookups::iterator place;
};

// A socket of c-ares, which closes it after saying so.
class Resolver::Socket : public Retired {
 public:
  Socket(Resolver& resolver, event_base* base, int fd)
      : resolver_(resolver),
        fd_(fd),
        readable_(base, fd, short{EV_READ}, FdEvent::Callback::of<&Socket::on_event>(this)),
        writable_(base, fd, short{EV_WRITE}, FdEvent::Callback::of<&Socket::on_event>(this)) {}

  int fd() const { return fd_; }

  void watch(bool readable, bool writable) {
    readable ? readable_.enable() : readable_.disable();
    writable ? writable_.enable() : writable_.disable();
  }

 private:
  void on_event(short what) {
    resolver_.process((what & EV_READ) != 0 ? fd_ : ARES_SOCKET_BAD,
                      (what & EV_WRITE) != 0 ? fd_ : ARES_SOCKET_BAD);
  }

  Resolver& resolver_;
  int fd_;
  FdEvent readable_;
  FdEvent writable_;
};

Resolver::Query::Query(Lookup& lookup) : lookup_(&lookup) {
  lookup.query = this;
}

Resolver::Query::Query(Query&& other) noexcept : lookup_(std::exchange(other.lookup_, nullptr)) {
  if (lookup_ != nullptr) lookup_->query = this;
}

Resolver::Query& Resolver::Query::operator=(Query&& other) noexcept {
  if (this == &other) return *this;
  release();
  lookup_ = std::exchange(other.lookup_, nullptr);
  if (lookup_ != nullptr) lookup_->query = this;
  return *this;
}

Resolver::Query::~Query() {
  release();
}

// c-ares cannot give up a single question, so that one goes on, unheard.
void Resolver::Query::release() {
  if (lookup_ == nullptr) return;
  std::exchange(lookup_, nullptr)->query = nullptr;
}

void Resolver::ChannelDeleter::operator()(ares_channeldata* channel) const {
  // Cancelled first: a mere ares_destroy() may start the next step of a question it ends.
  ares_cancel(channel);
  ares_destroy(channel);
}

Result<std::unique_ptr<Resolver>> Resolver::open(EventLoop& loop, const ResolverOptions& options) {
  std::unique_ptr<Resolver> resolver(new Resolver(loop, options));
  auto hosts_file = resolver->open_channel("f");
  if (!hosts_file) return hosts_file.error();
  resolver->hosts_file_ = std::move(*hosts_file);
  auto channel = resolver->open_channel("b");
  if (!channel) return channel.error();
  resolver->channel_ = std::move(*channel);
  if (std::optional<Error> error = resolver->use_servers()) return *std::move(error);
  return Result<std::unique_ptr<Resolver>>(std::move(resolver));
}

Resolver::Resolver(EventLoop& loop, const ResolverOptions& options)
    : loop_(loop),
      options_(options),
      timer_(loop.timers(), Timer::Callback::of<&Resolver::on_timeout>(this)) {}

Resolver::~Resolver() {
  channel_.reset();  // ends every question and closes every socket
  CHECK(asked_.empty() && sockets_.empty());
  for (Lookup& lookup : answered_) {
    if (lookup.query != nullptr) lookup.query->release();
  }
}

Result<Resolver::Channel> Resolver::open_channel(std::string lookups) {
  ares_options settings{};
  settings.flags = ARES_FLAG_EDNS;
  settings.ednspsz = kEdnsBytes;
  settings.timeout = static_cast<int>(options_.timeout.count());
  settings.tries = options_.tries;
  settings.lookups = lookups.data();
  settings.sock_state_cb = &Resolver::on_socket_state;
  settings.sock_state_cb_data = this;
  constexpr int kGiven = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                         ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  ares_channeldata* channel = nullptr;
  int status = ares_init_options(&channel, &settings, kGiven);
  if (status != ARES_SUCCESS) return Error{"resolver", ares_strerror(status)};
  return Channel(channel);
}

std::optional<Error> Resolver::use_servers() {
  if (options_.servers.empty()) return {};
  std::vector<ares_addr_port_node> nodes;
  for (const std::string& text : options_.servers) {
    std::optional<Address> address = parse_server(text);
    if (!address) return Error{"resolver.servers", "\"" + text + "\" is not an IP or IP:port"};
    nodes.push_back(server_node(*address));
  }
  for (std::size_t i = 1; i < nodes.size(); ++i) nodes[i - 1].next = &nodes[i];
  int status = ares_set_servers_ports(channel_.get(), nodes.data());
  if (status != ARES_SUCCESS) return Error{"resolver.servers", ares_strerror(status)};
  return {};
}

Resolver::Query Resolver::resolve(std::string_view host, IpFamily family, Callback callback) {
  Lookup& lookup = asked_.emplace_back();
  lookup.resolver = this;
  lookup.family = family;
  lookup.callback = std::move(callback);
  lookup.place = std::prev(asked_.end());
  Query query(lookup);
  if (host.empty() || host.find('\0') != std::string_view::npos) {
    finish(lookup, answer_of(ARES_EBADNAME, nullptr, family));
  } else if (const std::optional<IpAddress> ip = IpAddress::parse(host)) {
    finish(lookup, ip->family == family ? Answer{Outcome::Found, {*ip}, options_.max_ttl, {}}
                                        : answer_of(ARES_ENODATA, nullptr, family));
  } else {
    ask(lookup, std::string(host));
  }
  return query;
}

void Resolver::ask(Lookup& lookup, const std::string& name) {
  const ares_addrinfo_hints of_both = hints_of(AF_UNSPEC);
  ares_getaddrinfo(hosts_file_.get(), name.c_str(), nullptr, &of_both, &Resolver::on_hosts_file,
                   &lookup);
  if (lookup.in_hosts_file) return;
  const ares_addrinfo_hints hints = hints_of(number_of(lookup.family));
  ares_getaddrinfo(channel_.get(), name.c_str(), nullptr, &hints, &Resolver::on_answer, &lookup);
  arm_timer();
}

// Comes from within the call. Nothing has a TTL there.
void Resolver::on_hosts_file(void* lookup_pointer, int status, int, ares_addrinfo* found) {
  auto& lookup = *static_cast<Lookup*>(lookup_pointer);
  const Records records(found);
  if (status != ARES_SUCCESS) return;
  lookup.in_hosts_file = true;
  Answer answer = answer_of(status, found, lookup.family);
  answer.ttl = lookup.resolver->options_.max_ttl;
  lookup.resolver->finish(lookup, std::move(answer));
}

void Resolver::on_answer(void* lookup_pointer, int status, int, ares_addrinfo* found) {
  auto& lookup = *static_cast<Lookup*>(lookup_pointer);
  const Records records(found);
  const ResolverOptions& options = lookup.resolver->options_;
  Answer answer = answer_of(status, found, lookup.family);
  if (answer.outcome == Outcome::Found) {
    answer.ttl = std::clamp<std::chrono::milliseconds>(smallest_ttl(*found), options.min_ttl,
                                                       options.max_ttl);
  }
  lookup.resolver->finish(lookup, std::move(answer));
}

void Resolver::finish(Lookup& lookup, Answer answer) {
  lookup.answer = std::move(answer);
  answered_.splice(answered_.end(), asked_, lookup.place);
  loop_.call_again(*this);
}

void Resolver::on_requeued() {
  Lookups batch;
  batch.swap(answered_);
  for (Lookup& lookup : batch) {
    if (lookup.query == nullptr) continue;
    lookup.query->release();
    lookup.callback(std::move(lookup.answer));
  }
}

void Resolver::on_socket_state(void* self, int fd, int readable, int writable) {
  static_cast<Resolver*>(self)->watch_socket(fd, readable != 0, writable != 0);
}

void Resolver::watch_socket(int fd, bool readable, bool writable) {
  auto socket =
      std::find_if(sockets_.begin(), sockets_.end(),
                   [fd](const std::unique_ptr<Socket>& known) { return known->fd() == fd; });
  if (socket == sockets_.end()) {
    if (!readable && !writable) return;
    socket = sockets_.insert(sockets_.end(), std::make_unique<Socket>(*this, loop_.base(), fd));
  }
  (*socket)->watch(readable, writable);
  if (readable || writable) return;
  // Closed next. Retired, as this may come from within its own event.
  loop_.retire(std::move(*socket));
  sockets_.erase(socket);
}

void Resolver::process(int readable_fd, int writable_fd) {
  ares_process_fd(channel_.get(), readable_fd, writable_fd);
  arm_timer();
}

void Resolver::on_timeout() {
  process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void Resolver::arm_timer() {
  timeval wait{};
  if (ares_timeout(channel_.get(), nullptr, &wait) == nullptr) return timer_.clear();
  timer_.set(loop_.now() + std::chrono::seconds(wait.tv_sec) +
             std::chrono::microseconds(wait.tv_usec));
}

}  // namespace sluice::net
