// SPDX-License-Identifier: MIT
// Whole exchanges: the real session, exchange, forwarding and backend connections between clients
// and backends that do what the input says, byte by byte and in any order. However it goes, in the
// end nothing is left over, and what each side has received is HTTP.
//
// The first byte chooses the setting (see Setting), the rest is operations with '|' between them:
//   c BYTES  b BYTES   the client, the backend sends that
//   xN  yN             the client, the backend sends N * 64 KiB of 'x'
//   h k r              the client shuts its side, closes, resets
//   j l m              the backend does
//   s u                the client, the backend stops reading, or goes on
//   a                  another client connects, and is the client from now on
//   e o                the next client, the next connection of the backend is meant from now on
//   wN                 time passes for the timers: 2^N seconds
//   d q z              sessions drain, or end at once; idle connections are closed
//   t                  the loop turns a few times more
// After each the loop turns, unless the letter is a capital.
#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/net/address.h"
#include "tests/fuzz/exchange_places.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/byte_peer.h"
#include "tests/support/forward_rig.h"
#include "tests/support/wire_reader.h"

namespace sluice::fuzz {
namespace {

using support::BytePeer;
using support::ForwardRig;

constexpr std::size_t kOperationsMax = 64;
constexpr std::size_t kFillBytes = 64 * 1024;  // a few fill a Unix socket
constexpr std::chrono::seconds kBodyPatience{31};
constexpr int kQuietTurns = 3;
constexpr int kTurnsMax = 400;
constexpr int kWaitingTurnsMax = 40;  // two seconds, for a kernel that delivers late

struct Setting {
  explicit Setting(char c)
      : tcp_client((c & 1) != 0),
        tcp_backend((c & 2) != 0),
        dead_backend((c & 4) != 0),
        small_sockets((c & 8) != 0),
        trusted_peer((c & 16) != 0) {}

  bool tcp_client;
  bool tcp_backend;
  bool dead_backend;   // a second one in the pool, on which nobody listens
  bool small_sockets;  // Unix ones: TCP waits for timers when its windows are tiny
  bool trusted_peer;
};

// One client with the number that the rig knows it by.
struct Client {
  explicit Client(Fd fd) : peer(std::move(fd)) {}

  BytePeer peer;
  bool hurried = false;  // a deadline, or a stop, may have cut it short
  bool waited = false;   // it did all that a client should to be answered
};

class Play {
 public:
  explicit Play(const Setting& setting)
      : setting_(setting),
        listening_(Places::get().backend(setting.tcp_backend)),
        rig_(options_for(setting)) {
    drop_waiting(listening_);  // who connected too late for the run before
    connect_client();
  }

  // False when the system has no port left for the first client.
  bool begun() const { return !clients_.empty(); }
  void perform(std::string_view operation);
  // All backends close, then all clients; what is promised then is checked.
  void end();

 private:
  static ForwardRig::Options options_for(const Setting& setting);

  void connect_client();
  void accept_backends();
  bool pump();
  void turn();
  void turn_until_quiet();
  template <typename Condition>
  void settle(Condition condition);

  void on_client(char letter, std::string_view rest);
  void on_backend(char letter, std::string_view rest);
  void on_world(char letter, std::string_view rest);
  BytePeer& client() { return clients_[client_].peer; }

  std::vector<support::FinishedExchange> exchanges_of(std::size_t client) const;
  std::size_t routed() const;
  bool answered(std::size_t client) const;
  bool all_answered() const;
  support::Answers check_answers(std::size_t client) const;
  void check_end();
  void check_backends();

  Setting setting_;
  const Fd& listening_;
  ForwardRig rig_;
  std::vector<Client> clients_;
  std::vector<BytePeer> backends_;
  std::size_t client_ = 0;
  std::size_t backend_ = 0;
  bool closing_ = false;  // backends close as soon as they are connected to
};

ForwardRig::Options Play::options_for(const Setting& setting) {
  ForwardRig::Options options;
  if (setting.dead_backend) options.backends.push_back(Places::get().dead_address());
  options.backends.push_back(Places::get().backend_address(setting.tcp_backend));
  options.trusted_proxies = {"10.0.0.0/8"};
  options.body_directory = Places::get().directory().path().string();
  return options;
}

void Play::connect_client() {
  if (clients_.size() == ForwardRig::kClientsMax) return;
  auto [client, session] =
      Places::get().connect_client(setting_.tcp_client, setting_.small_sockets);
  if (!session.valid()) return;
  const net::Address peer =
      *net::Address::parse(setting_.trusted_peer ? "10.0.0.9:999" : "192.0.2.9:999");
  client_ = clients_.size();
  rig_.accept(std::move(session), peer, static_cast<std::uint32_t>(client_));
  clients_.emplace_back(std::move(client));
}

void Play::accept_backends() {
  for (Fd fd = accept_at(listening_); fd.valid(); fd = accept_at(listening_)) {
    backend_ = backends_.size();
    backends_.emplace_back(std::move(fd));
    if (closing_) backends_.back().close();
  }
}

// True if anything moved.
bool Play::pump() {
  const std::size_t connected = backends_.size();
  accept_backends();
  bool moved = backends_.size() != connected;
  for (Client& client : clients_) moved = client.peer.pump() || moved;
  for (BytePeer& backend : backends_) moved = backend.pump() || moved;
  return moved;
}

void Play::turn() {
  rig_.turn();
  pump();
}

void Play::turn_until_quiet() {
  std::size_t sessions = rig_.sessions();
  std::size_t finished = rig_.finished().size();
  int quiet = 0;
  for (int turns = 0; turns < kTurnsMax && quiet < kQuietTurns; ++turns) {
    rig_.turn();
    const bool moved = pump() || rig_.sessions() != sessions || rig_.finished().size() != finished;
    quiet = moved ? 0 : quiet + 1;
    sessions = rig_.sessions();
    finished = rig_.finished().size();
  }
}

template <typename Condition>
void Play::settle(Condition condition) {
  turn_until_quiet();
  for (int i = 0; i < kWaitingTurnsMax && !condition(); ++i) {
    rig_.waiting_turn();
    turn_until_quiet();
  }
}

void Play::perform(std::string_view operation) {
  if (operation.empty()) return;
  const char letter = operation.front();
  const bool quietly = letter >= 'A' && letter <= 'Z';
  const char lower = quietly ? static_cast<char>(letter - 'A' + 'a') : letter;
  operation.remove_prefix(1);
  on_client(lower, operation);
  on_backend(lower, operation);
  on_world(lower, operation);
  if (!quietly) turn();
}

std::size_t count_of(std::string_view digits) {
  const bool is_digit = !digits.empty() && digits[0] >= '0' && digits[0] <= '9';
  return is_digit ? static_cast<std::size_t>(digits[0] - '0') : 1;
}

void Play::on_client(char letter, std::string_view rest) {
  switch (letter) {
    case 'c':
      return client().send(rest);
    case 'x':
      return client().send(std::string(count_of(rest) * kFillBytes, 'x'));
    case 'h':
      return client().half_close();
    case 'k':
      return client().close();
    case 'r':
      return client().reset();
    case 's':
      return client().set_reading(!client().reading());
    case 'a':
      return connect_client();
    case 'e':
      client_ = (client_ + 1) % clients_.size();
      return;
    default:
      return;
  }
}

void Play::on_backend(char letter, std::string_view rest) {
  accept_backends();
  if (backends_.empty()) return;
  BytePeer& backend = backends_[backend_];
  switch (letter) {
    case 'b':
      return backend.send(rest);
    case 'y':
      return backend.send(std::string(count_of(rest) * kFillBytes, 'x'));
    case 'j':
      return backend.half_close();
    case 'l':
      return backend.close();
    case 'm':
      return backend.reset();
    case 'u':
      return backend.set_reading(!backend.reading());
    case 'o':
      backend_ = (backend_ + 1) % backends_.size();
      return;
    default:
      return;
  }
}

void Play::on_world(char letter, std::string_view rest) {
  switch (letter) {
    case 'w':
      for (Client& client : clients_) client.hurried = true;
      return rig_.pass(std::chrono::seconds(1U << count_of(rest)));
    case 'd':
      return rig_.drain();
    case 'q':
      for (Client& client : clients_) client.hurried = true;
      return rig_.stop();
    case 'z':
      return rig_.close_idle();
    case 't':
      for (int i = 0; i < kQuietTurns; ++i) turn();
      return;
    default:
      return;
  }
}

std::vector<support::FinishedExchange> Play::exchanges_of(std::size_t client) const {
  std::vector<support::FinishedExchange> own;
  for (const support::FinishedExchange& one : rig_.finished()) {
    if (one.client == client) own.push_back(one);
  }
  return own;
}

std::size_t Play::routed() const {
  return static_cast<std::size_t>(
      std::count_if(rig_.finished().begin(), rig_.finished().end(),
                    [](const support::FinishedExchange& one) { return one.routed; }));
}

// What a client has received are the answers that were given, in order; the last may be cut.
support::Answers Play::check_answers(std::size_t number) const {
  const auto exchanges = exchanges_of(number);
  std::vector<std::string> methods;
  for (const auto& exchange : exchanges) methods.push_back(exchange.method);
  const BytePeer& peer = clients_[number].peer;
  support::Answers answers = support::read_answers(peer.received(), methods, peer.ended());
  for (std::size_t i = 0; i < answers.complete.size(); ++i) {
    MUST(answers.complete[i].status == exchanges[i].status);
  }
  return answers;
}

// Whether a client that has waited for its answers has got all of them. Where one failed, the end
// of the connection may have come instead.
bool Play::answered(std::size_t number) const {
  const Client& client = clients_[number];
  if (!client.waited) return true;
  if (routed() != rig_.responders()) return false;
  const auto exchanges = exchanges_of(number);
  const support::Answers answers = check_answers(number);
  const bool failed = !exchanges.empty() && exchanges.back().failure;
  if (failed && client.peer.ended()) return true;
  return !answers.cut && answers.complete.size() == exchanges.size();
}

bool Play::all_answered() const {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (!answered(i)) return false;
  }
  return rig_.in_flight() == 0;
}

void Play::end() {
  closing_ = true;
  for (BytePeer& backend : backends_) backend.close();
  for (Client& client : clients_) {
    client.waited = client.peer.untouched() && !client.hurried;
    client.peer.set_reading(true);
  }
  turn_until_quiet();
  // A body that never comes ends by its deadline; nothing that has a backend needs one.
  if (rig_.in_flight() == 0 && !all_answered()) rig_.pass(kBodyPatience);
  settle([this] {
    // Whose connection has ended ends it too: a tunnel stays open else.
    for (Client& client : clients_) {
      if (client.peer.ended()) client.peer.half_close();
    }
    return all_answered();
  });
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    check_answers(i);
    MUST(answered(i));
  }
  MUST(rig_.in_flight() == 0);
  for (Client& client : clients_) client.peer.reset();
  settle([this] { return rig_.sessions() == 0; });
  check_end();
}

void Play::check_end() {
  MUST(rig_.sessions() == 0);
  MUST(rig_.in_flight() == 0);
  MUST(!rig_.exchanges_alive());
  MUST(routed() == rig_.responders());
  rig_.close_idle();
  MUST(rig_.idle_connections() == 0);
  check_backends();
}

// What the backends have received are requests, and no more than were sent.
void Play::check_backends() {
  std::size_t received = 0;
  for (const BytePeer& backend : backends_) {
    const support::Requests requests = support::read_requests(backend.received());
    received += requests.complete.size() + (requests.cut ? 1U : 0U);
  }
  std::size_t sent = 0;
  for (const support::FinishedExchange& one : rig_.finished()) {
    sent += static_cast<std::size_t>(one.attempts);
  }
  MUST(received <= sent);
}

}  // namespace

void exchange(std::string_view bytes) {
  if (bytes.empty()) return;
  Places::get();
  const std::size_t before = open_descriptors();
  {
    Play play{Setting(bytes.front())};
    if (!play.begun()) return;
    bytes.remove_prefix(1);
    for (std::size_t i = 0; i < kOperationsMax && !bytes.empty(); ++i) {
      const std::string_view operation = bytes.substr(0, bytes.find('|'));
      bytes.remove_prefix(std::min(operation.size() + 1, bytes.size()));
      play.perform(operation);
    }
    play.end();
  }
  MUST(open_descriptors() == before);
}

}  // namespace sluice::fuzz
