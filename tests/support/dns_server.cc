// SPDX-License-Identifier: MIT
#include "tests/support/dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tests/support/deadline.h"

namespace sluice::support {

namespace {

// RFC 1035, sections 3.2.2 and 4.1; AAAA: RFC 3596.
constexpr std::size_t kHeaderBytes = 12;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::uint16_t kClassInternet = 1;
constexpr std::uint16_t kResponse = 0x8180;  // an answer, recursion desired and available
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kServerFailure = 2;
constexpr std::uint16_t kNoSuchName = 3;
constexpr std::uint16_t kPointer = 0xc000;

struct Question {
  std::string name;
  std::uint16_t type = 0;
  std::size_t end = 0;  // one past it in the query
};

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}

void put32(std::string& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

std::size_t get16(std::string_view from, std::size_t at) {
  return std::size_t{static_cast<unsigned char>(from[at])} << 8 |
         static_cast<unsigned char>(from[at + 1]);
}

std::string labels(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  return out + '\0';
}

// REQUIRES: a whole query, as c-ares sends it.
Question parse_question(std::string_view query) {
  Question out;
  std::size_t at = kHeaderBytes;
  while (query[at] != 0) {
    const auto size = static_cast<unsigned char>(query[at]);
    if (!out.name.empty()) out.name += '.';
    for (const char c : query.substr(at + 1, size)) {
      out.name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    at += size + 1U;
  }
  out.type = static_cast<std::uint16_t>(get16(query, at + 1));
  out.end = at + 5;
  return out;
}

// The 4 or 16 bytes of each address of the family that the question is for.
std::vector<std::string> records(const DnsReply& reply, std::uint16_t type) {
  std::vector<std::string> out;
  for (const std::string& text : reply.addresses) {
    const int family = text.find(':') != std::string::npos ? AF_INET6 : AF_INET;
    if (type != (family == AF_INET ? kTypeA : kTypeAaaa)) continue;
    std::array<char, 16> bytes{};
    if (inet_pton(family, text.c_str(), bytes.data()) != 1) throw Failure("bad address: " + text);
    out.emplace_back(bytes.data(), family == AF_INET ? 4U : 16U);
  }
  return out;
}

void put_record(std::string& out, std::size_t name_at, std::uint16_t type, std::uint32_t ttl_s,
                std::string_view data) {
  put16(out, kPointer | name_at);
  put16(out, type);
  put16(out, kClassInternet);
  put32(out, ttl_s);
  put16(out, data.size());
  out += data;
}

DnsReply::Kind kind_for(const DnsReply& reply, const Question& question) {
  return question.type == kTypeAaaa ? reply.kind_v6.value_or(reply.kind) : reply.kind;
}

std::string encode(std::string_view query, const Question& question, const DnsReply& reply,
                   bool over_tcp) {
  const bool truncated = reply.only_over_tcp && !over_tcp;
  std::size_t flags = kResponse;
  if (truncated) flags |= kTruncated;
  const DnsReply::Kind kind = kind_for(reply, question);
  if (kind == DnsReply::Kind::NoSuchHost) flags |= kNoSuchName;
  if (kind == DnsReply::Kind::ServerFailure) flags |= kServerFailure;
  const bool empty = truncated || kind != DnsReply::Kind::Answer;
  const std::vector<std::string> found =
      empty ? std::vector<std::string>() : records(reply, question.type);
  const bool aliased = !empty && !reply.alias.empty();

  std::string out(query.substr(0, 2));
  put16(out, flags);
  put16(out, 1);
  put16(out, found.size() + (aliased ? 1 : 0));
  put32(out, 0);
  out += query.substr(kHeaderBytes, question.end - kHeaderBytes);
  std::size_t owner_at = kHeaderBytes;
  if (aliased) {
    put_record(out, owner_at, kTypeCname, reply.alias_ttl_s, labels(reply.alias));
    owner_at = out.size() - labels(reply.alias).size();
  }
  for (const std::string& data : found) {
    put_record(out, owner_at, question.type, reply.ttl_s, data);
  }
  return out;
}

}  // namespace

DnsServer::DnsServer() {
  open_sockets();
  stop_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { run(); });
}

DnsServer::~DnsServer() {
  eventfd_write(stop_, 1);
  thread_.join();
  for (const TcpClient& client : clients_) ::close(client.fd);
  ::close(udp_);
  ::close(tcp_);
  ::close(stop_);
}

void DnsServer::set(const std::string& name, DnsReply reply) {
  const std::lock_guard lock(mutex_);
  replies_[name] = std::move(reply);
  std::erase_if(held_, [this](const HeldQuery& held) {
    if (holds(held.query)) return false;
    send(answer(held.query, false), held.peer);
    return true;
  });
}

std::size_t DnsServer::questions(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = questions_.find(name);
  return found == questions_.end() ? 0 : found->second;
}

// The kernel chooses a port for UDP; that the same one is free for TCP is likely, not certain.
void DnsServer::open_sockets() {
  for (int attempt = 0; attempt < 20; ++attempt) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof(address);
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(udp_, generic, length) == 0 && ::getsockname(udp_, generic, &length) == 0 &&
        ::bind(tcp_, generic, length) == 0 && ::listen(tcp_, 16) == 0) {
      port_ = ntohs(address.sin_port);
      return;
    }
    ::close(udp_);
    ::close(tcp_);
  }
  throw Failure("no port is free for both UDP and TCP");
}

void DnsServer::run() {
  for (;;) {
    std::vector<pollfd> polled = {{stop_, POLLIN, 0}, {udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
    for (const TcpClient& client : clients_) polled.push_back({client.fd, POLLIN, 0});
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    if (polled[0].revents != 0) return;
    if (polled[1].revents != 0) serve_datagram();
    for (std::size_t i = clients_.size(); i-- > 0;) {
      if (polled[3 + i].revents == 0 || serve_stream(clients_[i])) continue;
      ::close(clients_[i].fd);
      clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (polled[2].revents != 0) clients_.push_back({::accept(tcp_, nullptr, nullptr), {}});
  }
}

void DnsServer::serve_datagram() {
  std::array<char, 4096> buffer;
  sockaddr_in peer{};
  socklen_t length = sizeof(peer);
  auto* generic = reinterpret_cast<sockaddr*>(&peer);
  const ssize_t size = ::recvfrom(udp_, buffer.data(), buffer.size(), 0, generic, &length);
  if (size <= 0) return;
  const std::string query(buffer.data(), static_cast<std::size_t>(size));
  const std::lock_guard lock(mutex_);
  count(query);
  if (holds(query)) {
    held_.push_back({query, peer});
  } else {
    send(answer(query, false), peer);
  }
}

void DnsServer::send(const std::string& reply, const sockaddr_in& peer) const {
  if (reply.empty()) return;
  const auto* generic = reinterpret_cast<const sockaddr*>(&peer);
  ::sendto(udp_, reply.data(), reply.size(), 0, generic, sizeof(peer));
}

bool DnsServer::serve_stream(TcpClient& client) {
  std::array<char, 4096> buffer;
  const ssize_t size = ::recv(client.fd, buffer.data(), buffer.size(), 0);
  if (size <= 0) return false;
  std::string& received = client.received.append(buffer.data(), static_cast<std::size_t>(size));
  while (received.size() >= 2 && received.size() >= 2 + get16(received, 0)) {
    const std::size_t query_bytes = get16(received, 0);
    const std::string reply = answer_stream(received.substr(2, query_bytes));
    received.erase(0, 2 + query_bytes);
    if (reply.empty()) continue;
    std::string framed;
    put16(framed, reply.size());
    framed += reply;
    if (::send(client.fd, framed.data(), framed.size(), MSG_NOSIGNAL) < 0) return false;
  }
  return true;
}

std::string DnsServer::answer_stream(std::string_view query) {
  const std::lock_guard lock(mutex_);
  count(query);
  return answer(query, true);
}

DnsReply DnsServer::reply_to(const std::string& name) const {
  const auto known = replies_.find(name);
  return known != replies_.end() ? known->second : DnsReply{.kind = DnsReply::Kind::NoSuchHost};
}

void DnsServer::count(std::string_view query) {
  const Question question = parse_question(query);
  if (question.type == kTypeA) ++questions_[question.name];
}

bool DnsServer::holds(std::string_view query) const {
  const Question question = parse_question(query);
  return kind_for(reply_to(question.name), question) == DnsReply::Kind::Held;
}

std::string DnsServer::answer(std::string_view query, bool over_tcp) const {
  const Question question = parse_question(query);
  const DnsReply reply = reply_to(question.name);
  const DnsReply::Kind kind = kind_for(reply, question);
  if (kind == DnsReply::Kind::Silence || kind == DnsReply::Kind::Held) return {};
  return encode(query, question, reply, over_tcp);
}

}  // namespace sluice::support
