// SPDX-License-Identifier: MIT
// Real peers: Apache behind, with what it does otherwise than nginx.
#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/http_reader.h"
#include "tests/support/sockets.h"
#include "tests/wire/forward/peers.h"

using sluice::support::find_program;
using sluice::support::Process;
using sluice::support::RawClient;
using sluice::support::read_response;
using sluice::support::Response;
using sluice::support::ResponseTo;
using sluice::support::run_program;
using sluice::support::SluiceProcess;
using sluice::wire::Farm;

namespace {

// Below /ssi/ pages have no length, below /deflate/ they are compressed, /put/ takes uploads.
std::string apache_config(const std::string& root, const std::string& address) {
  std::string text = "ServerRoot " + root + "\nServerName localhost\nListen " + address +
                     "\nPidFile " + root + "/apache.pid\nErrorLog /dev/stderr\nLogLevel notice\n" +
                     "DefaultRuntimeDir " + root + "\nMutex pthread\n";
  for (const char* module :
       {"mpm_event", "authz_core", "filter", "include", "deflate", "dav", "dav_fs", "dir"}) {
    text += std::string("LoadModule ") + module + "_module /usr/lib/apache2/modules/mod_" + module +
            ".so\n";
  }
  if (::geteuid() == 0) text += "User www-data\nGroup www-data\n";
  return text + "DocumentRoot " + root + "/www\nDavLockDB " + root + "/locks/lock\n" +
         "MaxKeepAliveRequests 0\n" +
         "<Location /ssi>\nForceType text/html\nOptions +Includes\nSetOutputFilter "
         "INCLUDES\n</Location>\n" +
         "<Location /deflate>\nSetOutputFilter DEFLATE\n</Location>\n" +
         "<Location /put>\nDav On\n</Location>\n";
}

// In the foreground.
class Apache {
 public:
  explicit Apache(const Farm& farm) {
    const auto program = find_program("apache2");
    if (!program) sluice::support::skip("no Apache");
    process_ = std::make_unique<Process>(std::vector<std::string>{
        *program, "-f",
        farm.directory.write("apache.conf", apache_config(farm.directory.path(), address())),
        "-DFOREGROUND"});
    process_->wait_for(sluice::support::Stream::Err, "resuming normal operations");
  }

  std::string address() const { return port_.address().text(); }

 private:
  sluice::support::KeptPort port_;
  std::unique_ptr<Process> process_;
};

// What Apache's user may read and write.
struct ApacheFarm : Farm {
  ApacheFarm() {
    for (const char* name : {"www/ssi", "www/deflate", "www/put", "locks"}) {
      std::filesystem::create_directory(directory.path() / name);
      std::filesystem::permissions(directory.path() / name, std::filesystem::perms::all);
    }
    for (const char* name : {"ssi/page", "deflate/page"}) {
      directory.write(std::string("www/") + name, page());
    }
  }
  static std::string page() {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += "line " + std::to_string(i) + "\n";
    return text;
  }
};

Response fetch(RawClient& client, const std::string& path, const std::string& fields = {},
               ResponseTo to = ResponseTo::Get) {
  const char* method = to == ResponseTo::Head ? "HEAD " : "GET ";
  client.send(method + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  return read_response(client, to);
}

}  // namespace

TEST_CASE("peers: Apache's files, pages without a length and compressed ones arrive as they are",
          "[wire][peers]") {
  ApacheFarm farm;
  Apache apache(farm);
  SluiceProcess sluice(farm.config(apache.address()));
  const std::string copy = farm.directory.file("copy");
  for (const std::size_t listener : {0U, 1U}) {
    INFO("listener " << listener);
    CHECK(farm.curl(sluice, {}, "/small", listener).out == "small file\n");
    CHECK(farm.curl(sluice, {"-o", copy}, "/big", listener).status.code == 0);
    CHECK(run_program({"cmp", copy, farm.directory.file("www/big")}).status.code == 0);
    CHECK(farm.curl(sluice, {}, "/ssi/page", listener).out == ApacheFarm::page());
    CHECK(farm.curl(sluice, {"--compressed"}, "/deflate/page", listener).out == ApacheFarm::page());
    CHECK(farm.curl(sluice, {"-o", "/dev/null", "-w", "%{http_code}"}, "/missing", listener).out ==
          "404");
  }
}

TEST_CASE("peers: Apache's connection is kept through bodies of every kind, and none",
          "[wire][peers]") {
  ApacheFarm farm;
  Apache apache(farm);
  std::string text = farm.config(apache.address());
  text.replace(text.find("\"workers\": 2"), 12, "\"workers\": 1");
  SluiceProcess sluice(text);
  RawClient client = sluice.connect();
  const Response whole = fetch(client, "/small");
  CHECK(whole.body == "small file\n");
  const std::string etag = whole.field("ETag");
  CHECK_FALSE(etag.empty());
  for (int i = 0; i < 5; ++i) {
    const Response head = fetch(client, "/small", {}, ResponseTo::Head);
    CHECK(head.status == 200);
    CHECK(head.field("Content-Length") == "11");
    const Response page = fetch(client, "/deflate/page", "Accept-Encoding: gzip\r\n");
    CHECK(page.chunked);
    CHECK(page.field("Content-Encoding") == "gzip");
    const Response unchanged = fetch(client, "/small", "If-None-Match: " + etag + "\r\n");
    CHECK(unchanged.status == 304);
    CHECK(unchanged.body.empty());
    const Response part = fetch(client, "/small", "Range: bytes=6-9\r\n");
    CHECK(part.status == 206);
    CHECK(part.body == "file");
    CHECK(part.field("Content-Range") == "bytes 6-9/11");
    CHECK(fetch(client, "/small", "Range: bytes=0-1,3-4\r\n").body.find("Content-range") !=
          std::string::npos);
    CHECK(fetch(client, "/small", "Range: bytes=50-60\r\n").status == 416);
  }
  // All but the first went over the same connection.
  CHECK_NOTHROW(sluice.wait_for_access_log("\"status\":416"));
  client.close();
  CHECK(sluice.terminate().code == 0);
  const std::string log = sluice.access_log();
  CHECK(log.find("\"reused\":false", log.find("\"reused\":false") + 1) == std::string::npos);
}

TEST_CASE("peers: Apache takes uploads in both framings", "[wire][peers]") {
  ApacheFarm farm;
  Apache apache(farm);
  SluiceProcess sluice(farm.config(apache.address()));
  const std::string big = farm.directory.file("www/big");
  for (const char* field : {"Expect: 100-continue", "Transfer-Encoding: chunked"}) {
    for (const std::size_t listener : {0U, 1U}) {
      INFO(field << ", listener " << listener);
      const std::string path = "/put/copy" + std::to_string(listener) + field[0];
      const auto put =
          farm.curl(sluice, {"-T", big, "-H", field, "-o", "/dev/null", "-w", "%{http_code}"}, path,
                    listener);
      CHECK(put.out + put.err == "201");
      CHECK(run_program({"cmp", farm.directory.file("www" + path), big}).status.code == 0);
    }
  }
}
