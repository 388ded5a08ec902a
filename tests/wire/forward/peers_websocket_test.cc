// SPDX-License-Identifier: MIT
// Real peers: WebSocket with npm's `ws`, as Debian ships it, on both sides.
#include <catch2/catch.hpp>

#include <filesystem>
#include <string>

#include "tests/support/access_log_lines.h"
#include "tests/support/environment.h"
#include "tests/support/process.h"
#include "tests/support/process_stats.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"

using sluice::support::find_program;
using sluice::support::Finished;
using sluice::support::Process;
using sluice::support::ProcessOptions;
using sluice::support::SluiceProcess;
using sluice::support::Stream;
using sluice::support::TempDir;

namespace {

constexpr const char* kModules = "/usr/share/nodejs";  // where Debian has them

ProcessOptions node_options() {
  ProcessOptions options;
  options.environment = {{"NODE_PATH", kModules}};
  return options;
}

std::string node() {
  const auto program = find_program("node");
  const bool has_ws = std::filesystem::exists(std::string(kModules) + "/ws");
  if (!program || !has_ws) sluice::support::skip("no node with ws");
  return *program;
}

class Server {
 public:
  Server() : process_({node(), "tests/peers/websocket_server.js"}, node_options()) {
    const std::size_t from = process_.wait_for(Stream::Out, "listening ");
    const std::size_t end = process_.wait_for(Stream::Out, "\n", from);
    address_ = "127.0.0.1:" + process_.output(Stream::Out).substr(from, end - 1 - from);
  }

  const std::string& address() const { return address_; }
  void wait_for(std::string_view text) { process_.wait_for(Stream::Out, text); }
  std::string output() const { return process_.output(Stream::Out); }

 private:
  Process process_;
  std::string address_;
};

// A plain listener and one with TLS, in front of the server.
struct WebSocketFarm {
  std::string config() {
    const auto certificate =
        sluice::support::make_certificate(directory.path(), "localhost", {"localhost"});
    return R"({"workers": 2, "access_log": {"format": "json"},
      "listeners": [{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0",
        "tls": {"certificates": [{"cert": ")" +
           certificate.cert_path + R"(", "key": ")" + certificate.key_path +
           R"("}]}}], "pools": {"p": {"backends": [")" + server.address() +
           R"("]}}, "routes": [{"forward": {"pool": "p"}}]})";
  }

  // The client's last word.
  std::string client(std::size_t listener, const std::string& what, const std::string& count = {}) {
    const std::string url = (listener == 0 ? "ws" : "wss") + std::string("://localhost:") +
                            std::to_string(sluice.port(listener)) + "/chat?n=1";
    const Finished finished =
        sluice::support::run_program({node(), "tests/peers/websocket_client.js", url, what, count},
                                     node_options(), std::chrono::milliseconds(60'000));
    return finished.out + finished.err;
  }

  Server server;
  TempDir directory;
  SluiceProcess sluice{config()};
};

}  // namespace

TEST_CASE("peers: WebSocket messages, pings and closes pass as they are", "[wire][peers]") {
  WebSocketFarm farm;
  for (const std::size_t listener : {0U, 1U}) {
    INFO("listener " << listener);
    CHECK(farm.client(listener, "talk") == "ok\n");
  }
  // Both sides have seen code and reason.
  CHECK_NOTHROW(farm.server.wait_for("closed 4000 enough\n"));
  CHECK_NOTHROW(farm.server.wait_for("closed 4001 as you wish\n"));
  CHECK_NOTHROW(farm.server.wait_for("closed 1006 \n"));
  CHECK(farm.server.output().find("error") == std::string::npos);
  const auto entries = sluice::support::wait_for_log_entries(farm.sluice, 10);
  CHECK(entries.size() == 10);
  for (const auto& entry : entries) CHECK(entry.status == 101);
}

TEST_CASE("peers: a thousand WebSockets at once all echo, and leave nothing behind",
          "[wire][peers]") {
  WebSocketFarm farm;
  const auto descriptors = [&farm] {
    return sluice::support::descriptor_count(farm.sluice.process_id());
  };
  const std::size_t at_rest = descriptors();
  for (const std::size_t listener : {0U, 1U}) {
    INFO("listener " << listener);
    CHECK(farm.client(listener, "crowd", listener == 0 ? "1000" : "200") == "ok\n");
  }
  const auto entries = sluice::support::wait_for_log_entries(farm.sluice, 1200);
  CHECK(entries.size() == 1200);
  std::size_t well = 0;
  for (const auto& entry : entries) well += entry.status == 101 && entry.end == "ok" ? 1U : 0U;
  CHECK(well == 1200);
  const sluice::support::Deadline deadline;
  while (descriptors() > at_rest && !deadline.expired()) {
  }
  CHECK(descriptors() == at_rest);
}
