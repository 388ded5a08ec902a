// SPDX-License-Identifier: MIT
// Three hundred attackers of slowhttptest, with heads and with bodies that never end: they hold no
// backend, are gone in time, and nobody else notices. With short timeouts; with SLUICE_LONG set, as
// `make test-long` does, with the default configuration, which gives them 15 s.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/configs.h"

using sluice::support::Process;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::Stream;

namespace {

bool is_long() {
  return std::getenv("SLUICE_LONG") != nullptr;
}

std::string config(const ScriptedBackend& backend) {
  if (is_long()) return sluice::wire::forwarding_to(backend);
  return sluice::wire::forwarding_to(backend,
                                     R"("timeouts": {"request_head": "1s", "request_body": "1s"})");
}

// An honest client asks again and again while the program runs; returns how often.
int serve_during(const Process& attack, const SluiceProcess& sluice) {
  RawClient honest = sluice.connect();
  int served = 0;
  for (; attack.running(); ++served) {
    honest.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (read_response(honest).body != "ok") return 0;
    try {
      honest.peek(1, std::chrono::milliseconds(20));  // a pause: nothing is to come
    } catch (const sluice::support::Failure&) {
    }
  }
  return served;
}

// "Test ended on 12th second"
int seconds_of(const std::string& report) {
  constexpr std::string_view kEnded = "Test ended on ";
  const std::size_t at = report.find(kEnded);
  return at == std::string::npos ? -1 : std::stoi(report.substr(at + kEnded.size()));
}

}  // namespace

TEST_CASE("attackers: slow heads and slow bodies hold no backend and are gone in time",
          "[wire][long]") {
  const auto program = sluice::support::find_program("slowhttptest");
  if (!program) sluice::support::skip("no slowhttptest");
  for (const char* mode : {"-H", "-B"}) {
    ScriptedBackend backend(ScriptedBackend::answer(200, "ok"));
    SluiceProcess sluice(config(backend));
    const std::string url = "http://127.0.0.1:" + std::to_string(sluice.port()) + "/";
    Process attack({*program, mode, "-c", "300", "-r", "300", "-i", "1", "-l", "30", "-x", "10",
                    "-p", "3", "-u", url});
    const int served = serve_during(attack, sluice);
    CHECK(attack.wait().code == 0);
    const std::string report = attack.output(Stream::Out);
    INFO(mode << ", served " << served << "\n" << report);
    CHECK(served > 10);
    CHECK(report.find("No open connections left") != std::string::npos);
    CHECK(seconds_of(report) >= 0);
    CHECK(seconds_of(report) <= (is_long() ? 15 : 5));
    // That of the honest client, and of the probes that ask whether the service is there.
    CHECK(backend.connections() < 10);
  }
}
