// SPDX-License-Identifier: MIT
// What one keep-alive request costs in instructions of our own, the libraries' among them, as
// callgrind counts them: the difference between some requests and none, each the least of several
// times. So neither what the process does once a second counts, nor what the counting itself costs.
//
// The budgets are those of the release build of g++ 12 for x86-64. Who makes a request dearer by
// more than 3 % either finds a way not to, or says in the change why it is worth a larger budget.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/process.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/wire/cost_rig.h"

using sluice::support::Failure;
using sluice::support::ProcessOptions;
using sluice::support::RawClient;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::wire::cacheable;
using sluice::wire::kWarmUp;
using sluice::wire::send_requests;

namespace {

void skip_unless_comparable() {
#if defined(__x86_64__) && !defined(__clang__) && __GNUC__ == 12
  const bool comparable = !sluice::support::kSanitized;
#else
  const bool comparable = false;
#endif
  if (!comparable) sluice::support::skip("the budgets are those of another build");
  if (!sluice::support::find_program("valgrind")) sluice::support::skip("no valgrind");
}

class InstructionCount {
 public:
  ProcessOptions options() const {
    ProcessOptions options;
    options.runner = {"valgrind", "--tool=callgrind", "--callgrind-out-file=" + path_};
    options.environment = {{"LD_PRELOAD", sluice::support::beside_sluice("emulate_openat2.so")}};
    return options;
  }

  // Of the process, while the work is done; the least of so many times.
  template <typename Work>
  std::uint64_t of(const SluiceProcess& sluice, int times, const Work& work) {
    control(sluice, "--zero");
    std::uint64_t least = UINT64_MAX;
    for (int i = 0; i < times; ++i) {
      work();
      control(sluice, "--dump");  // counts from zero again
      least = std::min(least, read_total(path_ + "." + std::to_string(++dumps_)));
    }
    return least;
  }

 private:
  static void control(const SluiceProcess& sluice, const std::string& what) {
    const auto done = sluice::support::run_program(
        {"callgrind_control", what, std::to_string(sluice.process_id())});
    if (done.status.code != 0) throw Failure("callgrind_control: " + done.err);
  }

  static std::uint64_t read_total(const std::string& path) {
    constexpr std::string_view kTotal = "totals: ";
    std::ifstream dump(path);
    for (std::string line; std::getline(dump, line);) {
      if (!line.starts_with(kTotal)) continue;
      return std::stoull(line.substr(kTotal.size()));
    }
    throw Failure("no total in " + path);
  }

  TempDir directory_;
  std::string path_ = directory_.file("callgrind");
  int dumps_ = 0;
};

// `does`: the members of the route.
std::string config_of(const std::string& does, const ScriptedBackend& backend) {
  return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "access_log": {"format": "off"},
    "pools": {"p": {"backends": [")" +
         backend.address() + R"("]}}, "routes": [{)" + does + "}]}";
}

// Of one request, the first of which may be answered in another way.
std::uint64_t instructions(const std::string& does, int status = 200) {
  skip_unless_comparable();
  ScriptedBackend backend(cacheable());
  InstructionCount count;
  SluiceProcess sluice(config_of(does, backend), count.options());
  RawClient client = sluice.connect();
  send_requests(client, 1);
  send_requests(client, kWarmUp, status);
  // What is done once a second shall not fall into each of the times, on a busy machine either: so
  // few requests at once, and so often.
  constexpr int kRequestsOnce = 100;
  const std::uint64_t idle = count.of(sluice, 3, [] {});
  const std::uint64_t busy =
      count.of(sluice, 12, [&client, status] { send_requests(client, kRequestsOnce, status); });
  return (busy - idle) / kRequestsOnce;
}

void check_within(std::uint64_t budget, std::uint64_t measured) {
  INFO(measured << " instructions, of a budget of " << budget);
  CHECK(measured <= budget + budget * 3 / 100);
  CHECK(measured >= budget - budget / 10);  // or the budget has become too large
}

}  // namespace

TEST_CASE("instructions: of a forwarded request", "[wire][cost]") {
  check_within(15'350, instructions(R"("forward": {"pool": "p"})"));
}

TEST_CASE("instructions: of a hit in the cache", "[wire][cost][cache]") {
  check_within(11'300, instructions(R"("forward": {"pool": "p"}, "cache": {})"));
}

TEST_CASE("instructions: of a small file", "[wire][cost][files]") {
  TempDir directory;
  std::filesystem::create_directory(directory.path() / "some");
  directory.write("some/path", std::string(1024, 'x'));
  check_within(9'410, instructions(R"("files": {"root": ")" + directory.path().string() + R"("})"));
}

TEST_CASE("instructions: of a request above the limit", "[wire][cost][guard]") {
  check_within(8'140, instructions(R"("forward": {"pool": "p"},
    "limits": {"per_ip": {"rate": "1/h", "burst": 1}})",
                                   429));
}
