// SPDX-License-Identifier: MIT
// Connections of every kind, opened and dropped at random points: afterwards the proxy has what it
// had after the first 3000. SLUICE_CHURN_CONNECTIONS (1500) in SLUICE_CHURN_SECONDS (1);
// `make test-long` takes 24000 in 120. Which points these are is the same each time.
#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/support/access_log_lines.h"
#include "tests/support/environment.h"
#include "tests/support/metrics.h"
#include "tests/support/process_stats.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/endings.h"

using sluice::support::BackendConnection;
using sluice::support::descriptor_count;
using sluice::support::RawClient;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::status_kib;
using sluice::wire::Ending;
using sluice::wire::kEndings;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kChurnGrowthMaxKib = 1024;
constexpr unsigned kLifeMaxMs = 200;
constexpr std::size_t kChurnWarmUp = 3000;

std::size_t setting(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// One kind of connection: what it sends at first and a while later, and whether it reads.
struct Kind {
  std::size_t listener;
  bool handshakes;
  std::string first;
  std::string later;
  bool reads;
};

const std::string kUpgrade =
    "GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";

std::vector<Kind> kinds() {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string post = "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  const std::string chunked =
      "POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string much(90'000, 'b');
  std::vector<Kind> plain = {
      {0, false, "", "", false},
      {0, false, "GET / HTTP/1.1\r\nHo", "st: a\r\n", false},
      {0, false, get, get, true},
      {0, false, get + get + get, "GET", true},
      {0, false, post + "1000\r\n\r\nhalf", "more", true},
      {0, false, post + "200000\r\n\r\n" + much, much, true},
      {0, false, chunked + "5\r\nab", "cde\r\n5\r\n", true},
      {0, false, chunked + "30D40\r\n" + much, much, true},
      {0, false, "GET /half HTTP/1.1\r\nHost: a\r\n\r\n", "", true},
      {0, false, "GET /much HTTP/1.1\r\nHost: a\r\n\r\n", "", true},
      {0, false, "GET /much HTTP/1.1\r\nHost: a\r\n\r\n", get, false},
      {0, false, kUpgrade, "bytes", true},
      {0, false, kUpgrade + "early", much, false},
  };
  std::vector<Kind> all = plain;
  for (Kind kind : plain) {
    kind.listener = 1;
    kind.handshakes = true;
    all.push_back(kind);
  }
  all.push_back({1, false, "", "", false});
  all.push_back({1, false, "\x16\x03\x01\x02", "\x03", false});
  // Plain ones are the more frequent: a handshake costs this test more than anything else.
  for (int i = 0; i < 2; ++i) all.insert(all.end(), plain.begin(), plain.end());
  return all;
}

void serve(BackendConnection& connection) {
  while (const auto request = connection.recv_head()) {
    if (request->target == "/tunnel") {
      connection.send(
          "HTTP/1.1 101 Sure\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nwelcome");
      for (std::string got; !(got = connection.recv_some()).empty();) {
        if (!connection.try_send(got)) return;
      }
      return;
    }
    if (request->target == "/half") {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
      return void(connection.recv_to_close());
    }
    auto whole = *request;
    read_body(connection, whole);
    static const std::string kMuch = sluice::support::response_text(200, std::string(700'000, 'm'));
    static const std::string kLittle = sluice::support::response_text(200, std::string(2000, 'l'));
    if (!connection.try_send(request->target == "/much" ? kMuch : kLittle)) return;
  }
}

class Churn {
 public:
  explicit Churn(const SluiceProcess& sluice) : sluice_(sluice), kinds_(kinds()) {}

  // Opens that many, evenly over that time, and returns when the last one is gone.
  void run(std::size_t connections, milliseconds time) {
    const Clock::time_point start = Clock::now();
    for (std::size_t begun = 0; begun < connections || !live_.empty();) {
      const Clock::time_point now = Clock::now();
      const auto due = connections * static_cast<std::size_t>((now - start) / milliseconds(1)) /
                       static_cast<std::size_t>(time.count());
      for (; begun < connections && begun <= due; ++begun) open_one();
      for (auto one = live_.begin(); one != live_.end();) {
        one = step(*one) ? std::next(one) : live_.erase(one);
      }
      wait();
    }
  }

 private:
  struct Live {
    const Kind* kind;
    RawClient client;
    Clock::time_point drop_at;
    Clock::time_point later_at;
    Ending ending;
    bool said_later = false;
    bool gone = false;  // the proxy's doing
  };

  unsigned random(unsigned below) {
    return std::uniform_int_distribution<unsigned>(0, below - 1)(dice_);
  }

  void open_one() {
    const Kind& kind = kinds_[random(static_cast<unsigned>(kinds_.size()))];
    const auto life = milliseconds(random(kLifeMaxMs));
    const Ending ending = kEndings[random(3)];
    const auto later = life * random(100) / 100;
    sluice::support::ClientOptions narrow;
    narrow.receive_buffer = 16 * 1024;
    RawClient client = sluice_.connect(kind.listener, narrow);
    if (kind.handshakes) client.handshake();
    Live one{&kind, std::move(client), Clock::now() + life, Clock::now() + later, ending};
    send(one, kind.first);
    live_.push_back(std::move(one));
  }

  // What fits. A proxy that has closed is no failure here.
  static void send(Live& one, const std::string& bytes) {
    if (bytes.empty() || one.gone) return;
    if (!one.kind->handshakes) return void(one.client.send_available(bytes));
    try {
      one.gone = !one.client.try_send(bytes, milliseconds(5));
    } catch (const sluice::support::Failure&) {
      one.gone = true;  // nobody reads: OpenSSL would want the same bytes again
    }
  }

  static void read(Live& one) {
    if (one.client.ssl() != nullptr) return void(one.client.silent());
    char bytes[16 * 1024];
    [[maybe_unused]] const ssize_t got = ::recv(one.client.fd(), bytes, sizeof bytes, MSG_DONTWAIT);
  }

  // False once it is dropped.
  static bool step(Live& one) {
    const Clock::time_point now = Clock::now();
    if (now >= one.later_at && !one.said_later) {
      one.said_later = true;
      send(one, one.kind->later);
    }
    if (one.kind->reads && !one.gone) read(one);
    if (now < one.drop_at) return true;
    if (one.ending == Ending::Reset) one.client.reset();
    if (one.ending != Ending::HalfClose) return false;
    one.ending = Ending::Close;
    if (!one.gone) one.client.half_close();
    one.drop_at = now + milliseconds(10);
    return true;
  }

  // For something to read, but not for long.
  void wait() {
    std::vector<pollfd> polled;
    for (const Live& one : live_) {
      if (one.kind->reads) polled.push_back({one.client.fd(), POLLIN, 0});
    }
    ::poll(polled.data(), polled.size(), 2);
  }

  const SluiceProcess& sluice_;
  std::vector<Kind> kinds_;
  std::list<Live> live_;
  std::mt19937 dice_{1};
};

// With the pipe that the worker keeps from its first large response on.
std::size_t descriptors_at_rest(const SluiceProcess& sluice, const ScriptedBackend& backend) {
  constexpr std::size_t kPipe = 2;
  const std::size_t at_start = descriptor_count(sluice.process_id());
  RawClient client = sluice.connect();
  client.send("GET /much HTTP/1.1\r\nHost: a\r\n\r\n");
  sluice::support::read_response(client);
  client.close();
  backend.wait_for_idle();
  sluice::wire::wait_for_descriptors(sluice, at_start + kPipe);
  return descriptor_count(sluice.process_id());
}

}  // namespace

TEST_CASE("churn: connections dropped at random points leave no descriptor and no memory",
          "[wire][churn][long]") {
  const std::size_t connections = setting("SLUICE_CHURN_CONNECTIONS", 1500);
  const milliseconds time(1000 * setting("SLUICE_CHURN_SECONDS", 1));
  sluice::support::TempDir directory;
  const auto certificate =
      sluice::support::make_certificate(directory.path(), "localhost", {"localhost"});
  ScriptedBackend backend(serve);
  SluiceProcess sluice(
      R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"},
    {"address": "127.0.0.1:0", "tls": {"certificates": [{"cert": ")" +
      certificate.cert_path + R"(", "key": ")" + certificate.key_path +
      R"("}]}}], "access_log": {"format": "json"},
    "timeouts": {"request_head": "10m", "request_body": "10m"}, "pools": {"p": {"backends": [")" +
      backend.address() + R"("], "keepalive_timeout": "300ms"}},
    "routes": [{"forward": {"pool": "p"}}]})");
  const std::size_t at_rest = descriptors_at_rest(sluice, backend);
  const auto resident_kib = [&sluice] { return status_kib(sluice.process_id(), "VmRSS"); };
  Churn churn(sluice);

  // Until everything has grown to what this takes; a sanitizer's memory is its own anyway.
  if (!sluice::support::kSanitized) churn.run(kChurnWarmUp, time * kChurnWarmUp / connections);
  CHECK_NOTHROW(sluice::wire::wait_for_descriptors(sluice, at_rest));
  const std::size_t warm_kib = resident_kib();
  churn.run(connections, time);
  CHECK_NOTHROW(sluice::wire::wait_for_descriptors(sluice, at_rest));
  CHECK(descriptor_count(sluice.process_id()) == at_rest);
  CHECK(sluice::support::metrics_add_up(sluice, sluice::support::AtRest::Yes) == "");
  const std::size_t end_kib = resident_kib();
  INFO(warm_kib << " KiB resident, then " << end_kib << "; " << at_rest << " descriptors");
  std::printf("churn: %zu KiB resident, then %zu KiB after %zu connections\n", warm_kib, end_kib,
              connections);
  if (!sluice::support::kSanitized) CHECK(end_kib < warm_kib + kChurnGrowthMaxKib);

  CHECK(sluice.terminate().code == 0);
  std::set<std::string> words;
  for (const auto& entry : sluice::support::log_entries(sluice)) words.insert(entry.end);
  CHECK(words == std::set<std::string>{"client_aborted", "ok"});
}
