// SPDX-License-Identifier: MIT
// What becomes of the guard when files fail it, and what a reload can change of it.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "tests/support/deadline.h"
#include "tests/support/dns_server.h"
#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/metrics.h"
#include "tests/support/process.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/guard/common.h"

using sluice::support::check_config;
using sluice::support::Deadline;
using sluice::support::DnsServer;
using sluice::support::Failure;
using sluice::support::Finished;
using sluice::support::RawClient;
using sluice::support::read_file;
using sluice::support::read_response;
using sluice::support::scrape;
using sluice::support::ScriptedBackend;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::wire::kGet;

namespace {

// `members`: of the whole, and `listeners`: behind the first, with a comma in front.
std::string guarded(const std::string& members, const std::string& listeners = "") {
  return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"})" + listeners +
         R"(], "routes": [{"respond": {"body": "ok"}}])" + members + "}";
}

std::string jail_in(const std::string& file) {
  return R"("jail": {"file": ")" + file + "\"}";
}

// 0: turned away without an answer.
int status_or_none(const SluiceProcess& sluice, const std::string& source) {
  RawClient client = sluice.connect(0, {.source = source});
  if (!client.try_send(kGet) || client.peek(1).empty()) return 0;
  return read_response(client).status;
}

void put_away(const SluiceProcess& sluice, const std::string& block) {
  RawClient admin = sluice.connect_admin();
  admin.send("POST /block/add?block=" + block +
             " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(read_response(admin).status == 200);
}

// Once it is there and has that text.
void wait_for_file(const std::string& path, const std::string& text) {
  const Deadline deadline;
  while (!std::filesystem::exists(path) || read_file(path).find(text) == std::string::npos) {
    if (deadline.expired()) throw Failure(path + " has no " + text);
  }
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("jail: a file that cannot be written is said once, and written once it can be",
          "[wire][guard]") {
  const TempDir directory;
  directory.write("deny", "192.0.2.1\n");
  const std::string home = directory.file("home");
  std::filesystem::create_directory(home);
  SluiceProcess sluice(guarded(", " + jail_in(home + "/jail") + R"(, "access": {"deny": "file:)" +
                               directory.file("deny") + "\"}"));
  std::filesystem::remove(home);
  put_away(sluice, "127.0.0.2");
  std::size_t at =
      sluice.wait_for_log("cannot save the jail: " + home + "/jail: cannot write it: ");
  // Lists are looked at after the jail was tried again.
  directory.write("deny", "192.0.2.1\n192.0.2.2\n");
  at = sluice.wait_for_log("lists reloaded", at);
  CHECK(count_of(sluice.log(), "cannot save the jail") == 1);

  std::filesystem::create_directory(home);
  wait_for_file(home + "/jail", "127.0.0.2 operator");
  CHECK(status_or_none(sluice, "127.0.0.2") == 0);

  // Another failure is news again.
  std::filesystem::remove_all(home);
  put_away(sluice, "127.0.0.3");
  sluice.wait_for_log("cannot save the jail", at);
}

TEST_CASE("jail: what it has not written when it ends is written then", "[wire][guard]") {
  const TempDir directory;
  SluiceProcess sluice(guarded(", " + jail_in(directory.file("jail"))));
  put_away(sluice, "127.0.0.2");
  CHECK(sluice.terminate().code == 0);
  CHECK(read_file(directory.file("jail")).find("127.0.0.2 operator") != std::string::npos);
}

TEST_CASE("jail: of very many bad lines in its file the first are said, and how many there are",
          "[wire][guard]") {
  const TempDir directory;
  std::string text = "sluice jail 1\n";
  for (int i = 0; i < 30; ++i) text += "nonsense\n";
  directory.write("jail", text + "127.0.0.2 tls 1 2020-01-01T00:00:00Z 9999-01-01T00:00:00Z\n");
  SluiceProcess sluice(guarded(", " + jail_in(directory.file("jail"))));
  sluice.wait_for_log("jail: 30 lines in all could not be read");
  CHECK(count_of(sluice.log(), "is no line of a jail") == 10);
  CHECK(status_or_none(sluice, "127.0.0.2") == 0);
}

TEST_CASE("jail: a file that cannot be read is said, and keeps nobody from starting",
          "[wire][guard]") {
  const TempDir directory;
  REQUIRE(mkfifo(directory.file("jail").c_str(), 0600) == 0);
  SluiceProcess sluice(guarded(", " + jail_in(directory.file("jail"))));
  sluice.wait_for_log(directory.file("jail") + ": cannot read it: it is no regular file");
  CHECK(status_or_none(sluice, "127.0.0.2") == 200);
}

TEST_CASE("jail: a file of something else is not written over", "[wire][guard]") {
  const TempDir directory;
  const std::string path = directory.write("hosts", "127.0.0.1 localhost\n");
  SluiceProcess sluice(guarded(", " + jail_in(path)));
  sluice.wait_for_log("the jail is not saved, as " + path + " is none that can be read");
  put_away(sluice, "127.0.0.2");
  CHECK(status_or_none(sluice, "127.0.0.2") == 0);
  // A file of its own by a reload, and it is saved.
  REQUIRE(sluice.reload(guarded(", " + jail_in(directory.file("jail")))));
  wait_for_file(directory.file("jail"), "127.0.0.2 operator");
  REQUIRE(sluice.reload(guarded(", " + jail_in(path))));
  CHECK(sluice.terminate().code == 0);
  CHECK(read_file(path) == "127.0.0.1 localhost\n");
}

TEST_CASE("jail: a file of something else that has gone is made at the next reload",
          "[wire][guard][reload]") {
  const TempDir directory;
  const std::string path = directory.write("jail", "something else\n");
  const std::string config = guarded(", " + jail_in(path));
  SluiceProcess sluice(config);
  sluice.wait_for_log("the jail is not saved");
  put_away(sluice, "127.0.0.2");
  std::filesystem::remove(path);
  REQUIRE(sluice.reload(config));
  wait_for_file(path, "127.0.0.2 operator");
}

TEST_CASE("jail: a reload that names another file reads it, and writes who is away into it",
          "[wire][guard]") {
  const TempDir directory;
  const std::string line = " operator 0 2020-01-01T00:00:00Z ";
  directory.write("old", "sluice jail 1\n127.0.0.2" + line + "9999-01-01T00:00:00Z\n");
  // What is known of the first is not made older by the second's file.
  directory.write("new", "sluice jail 1\n127.0.0.2" + line + "2020-01-02T00:00:00Z\n127.0.0.3" +
                             line + "9999-01-01T00:00:00Z\n");
  SluiceProcess sluice(guarded(", " + jail_in(directory.file("old"))));
  CHECK(status_or_none(sluice, "127.0.0.3") == 200);
  REQUIRE(sluice.reload(guarded(", " + jail_in(directory.file("new")))));
  CHECK(status_or_none(sluice, "127.0.0.2") == 0);
  CHECK(status_or_none(sluice, "127.0.0.3") == 0);
  wait_for_file(directory.file("new"), "127.0.0.2" + line + "9999-01-01T00:00:00Z");
  CHECK(read_file(directory.file("new")).find("127.0.0.3" + line) != std::string::npos);
}

TEST_CASE("reload: sizes of tables that only a start can change are said",
          "[wire][guard][reload]") {
  SluiceProcess sluice(guarded(""));
  REQUIRE(sluice.reload(guarded(R"(, "jail": {})")));
  CHECK(sluice.log().find("with the next start") == std::string::npos);
  REQUIRE(sluice.reload(guarded(R"(, "jail": {"table": 2048})")));
  CHECK(sluice.log().find("the size of jail.table changes with the next start") !=
        std::string::npos);
  CHECK(sluice.log().find("limits.table") == std::string::npos);
  REQUIRE(sluice.reload(guarded(R"(, "jail": {"table": 2048}, "limits": {"table": 2048})")));
  CHECK(sluice.log().find("the size of limits.table changes with the next start") !=
        std::string::npos);
}

TEST_CASE("access: a list's file that vanishes leaves the list as it was, until it is back",
          "[wire][guard]") {
  const TempDir directory;
  const std::string path = directory.write("deny", "127.0.0.2\n");
  SluiceProcess sluice(guarded(R"(, "access": {"deny": "file:)" + path + "\"}"));
  CHECK(status_or_none(sluice, "127.0.0.2") == 403);
  std::filesystem::remove(path);
  const std::size_t at = sluice.wait_for_log("the lists stay as they were: " + path +
                                             ": cannot read it: No such file or directory");
  CHECK(status_or_none(sluice, "127.0.0.2") == 403);
  directory.write("deny", "127.0.0.3\n");
  sluice.wait_for_log("lists reloaded", at);
  CHECK(count_of(sluice.log(), "the lists stay as they were") == 1);
  CHECK(status_or_none(sluice, "127.0.0.2") == 200);
  CHECK(status_or_none(sluice, "127.0.0.3") == 403);
}

TEST_CASE("access: a list's file that is broken keeps no backend's new address from being used",
          "[wire][guard]") {
  DnsServer dns;
  dns.set("app.test", {.addresses = {"127.0.0.3"}, .ttl_s = 1});  // where nobody listens
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  const std::string port = backend.address().substr(backend.address().rfind(':'));
  const TempDir directory;
  const std::string deny = directory.write("deny", "127.0.0.9\n");
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "pools": {"p": {"backends": ["app.test)" +
                       port + R"("], "max_fails": 0}},
    "routes": [{"forward": {"pool": "p"}, "access": {"deny": "127.0.0.8"}}],
    "resolver": {"servers": [")" +
                       dns.address() + R"("], "min_ttl": "1s"},
    "access": {"deny": "file:)" +
                       deny + "\"}}");
  sluice.wait_for_log("app.test resolves to 1 address");
  directory.write("deny", "nonsense\n");
  sluice.wait_for_log("the lists stay as they were");
  dns.set("app.test", {.addresses = {"127.0.0.1"}, .ttl_s = 1});
  const Deadline deadline;
  while (status_or_none(sluice, "127.0.0.1") != 200) {
    if (deadline.expired()) throw Failure("the new address is not used");
  }
  CHECK(status_or_none(sluice, "127.0.0.8") == 403);
  CHECK(status_or_none(sluice, "127.0.0.9") == 403);
  CHECK(count_of(sluice.log(), "the lists stay as they were") == 1);
  // And it is still looked at.
  directory.write("deny", "127.0.0.7\n");
  sluice.wait_for_log("lists reloaded");
  CHECK(status_or_none(sluice, "127.0.0.7") == 403);
}

// The backend that was gone stayed in use, and who was to be denied was served, until it was back.
TEST_CASE("reload: a certificate and a token that are away hold up neither names nor lists",
          "[wire][guard][tls][names][regression]") {
  DnsServer dns;
  dns.set("app.test", {.addresses = {"127.0.0.3"}, .ttl_s = 1});  // where nobody listens
  ScriptedBackend backend(ScriptedBackend::answer(200, "x"));
  const std::string port = backend.address().substr(backend.address().rfind(':'));
  const TempDir directory;
  const auto certificate =
      sluice::support::make_certificate(directory.path(), "localhost", {"localhost"});
  const std::string deny = directory.write("deny", "127.0.0.9\n");
  const std::string token = directory.write("token", "secret\n");
  const std::string config = R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"},
      {"address": "127.0.0.1:0", "tls": {"certificates": [{"cert": ")" +
                             certificate.cert_path + R"(", "key": ")" + certificate.key_path +
                             R"("}]}}],
    "pools": {"p": {"backends": ["app.test)" +
                             port + R"("], "max_fails": 0}}, "routes": [{"forward": {"pool": "p"}}],
    "admin": {"address": "127.0.0.1:0", "token_file": ")" +
                             token + R"("}, "access": {"deny": "file:)" + deny + R"("},
    "resolver": {"servers": [")" +
                             dns.address() + R"("], "min_ttl": "1s"}})";
  SluiceProcess sluice(config);
  sluice.wait_for_log("app.test resolves to 1 address");
  std::filesystem::rename(certificate.key_path, certificate.key_path + ".away");
  std::filesystem::rename(token, token + ".away");
  dns.set("app.test", {.addresses = {"127.0.0.1"}, .ttl_s = 1});
  const Deadline deadline;
  while (status_or_none(sluice, "127.0.0.1") != 200) {
    if (deadline.expired()) throw Failure("the new address is not used");
  }
  directory.write("deny", "127.0.0.7\n");
  sluice.wait_for_log("lists reloaded");
  CHECK(status_or_none(sluice, "127.0.0.7") == 403);
  CHECK_FALSE(sluice.reload(config));  // SIGHUP reads them
}

TEST_CASE("reload: a list that is broken changes nothing, and says where",
          "[wire][guard][reload]") {
  const TempDir directory;
  const std::string deny = directory.write("deny", "127.0.0.2\n127.0.0.300\n");
  SluiceProcess sluice(guarded(R"(, "access": {"deny": "127.0.0.2"})"));
  CHECK_FALSE(sluice.reload(guarded(R"(, "access": {"deny": "file:)" + deny + "\"}")));
  CHECK(sluice.log().find(deny + ":2: \"127.0.0.300\" is no address or CIDR block") !=
        std::string::npos);
  CHECK(status_or_none(sluice, "127.0.0.2") == 403);
}

TEST_CASE("access: a block that is allowed and denied is an error that names both places",
          "[wire][guard]") {
  const TempDir directory;
  const std::string allow = directory.write("allow", "# friends\n192.0.2.0/24\n");
  const std::string config = guarded(R"(, "access": {"allow": "file:)" + allow +
                                     R"(", "deny": ["127.0.0.9", "192.0.2.0/24"]})");
  const std::string error =
      "access.deny[1]: 192.0.2.0/24 is denied here, but allowed by " + allow + ":2";
  CHECK_THROWS_WITH(SluiceProcess(config), Catch::Contains(error));
  const Finished checked = check_config(config);
  CHECK(checked.status.code == 3);
  CHECK(checked.err.find(error) != std::string::npos);
}

TEST_CASE("run: a list that is broken is bad configuration", "[wire][guard][command_line]") {
  const TempDir directory;
  const std::string deny = directory.write("deny", "10.0.0.0/33\n");
  const std::string config =
      directory.write("sluice.json", guarded(R"(, "access": {"deny": "file:)" + deny + "\"}"));
  const Finished ran =
      sluice::support::run_program({sluice::support::sluice_binary(), "run", config});
  CHECK(ran.status.code == 3);
  CHECK(ran.err.find(deny + ":1: \"10.0.0.0/33\" is no address") != std::string::npos);
}

TEST_CASE("check: reads the files of lists, those of routes, too", "[wire][guard][command_line]") {
  const TempDir directory;
  const std::string deny = directory.write("deny", "127.0.0.2\n127.0.0.300\n");
  const std::string lists = R"("access": {"deny": "file:)" + deny + "\"}";
  const std::string of_route = R"({"listeners": [{"address": "127.0.0.1:0"}],
    "routes": [{"respond": {}, )" +
                               lists + "}]}";
  for (const std::string& config : {guarded(", " + lists), of_route}) {
    const Finished checked = check_config(config);
    CHECK(checked.status.code == 3);
    CHECK(checked.err.find(deny + ":2: \"127.0.0.300\" is no address") != std::string::npos);
  }
  directory.write("deny", "127.0.0.2\n");
  CHECK(check_config(of_route).status.code == 0);
}
