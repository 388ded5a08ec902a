// SPDX-License-Identifier: MIT
// Real peers: curl in front, nginx behind.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/environment.h"
#include "tests/support/http_reader.h"
#include "tests/support/process.h"
#include "tests/support/process_stats.h"
#include "tests/support/raw_client.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/support/test_certificates.h"
#include "tests/wire/configs.h"

using sluice::support::find_program;
using sluice::support::Finished;
using sluice::support::Process;
using sluice::support::run_program;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;

namespace {

constexpr std::size_t kBigBytes = 16 * 1024 * 1024;

// nginx on a Unix socket: files as they are, and below /chunked/ without a length.
class Nginx {
 public:
  explicit Nginx(const TempDir& directory)
      : socket_(directory.file("nginx.sock")),
        process_({find_program("nginx").value(), "-p", directory.path(), "-c",
                  directory.write("nginx.conf", config(directory)), "-e", "stderr"}) {
    const sluice::support::Deadline deadline;
    while (!std::filesystem::exists(socket_)) {
      if (deadline.expired() || !process_.running()) {
        throw sluice::support::Failure(process_.output(sluice::support::Stream::Err));
      }
    }
  }

  std::string address() const { return "unix:" + socket_; }

 private:
  std::string config(const TempDir& directory) const {
    const std::string root = directory.path();
    return "daemon off; worker_processes 1; pid " + root + "/nginx.pid; user root;\n" +
           "events { worker_connections 512; }\nhttp {\n access_log off;\n" +
           " client_body_temp_path " + root + "/b; proxy_temp_path " + root + "/p;\n" +
           " fastcgi_temp_path " + root + "/f; uwsgi_temp_path " + root + "/u;\n" +
           " scgi_temp_path " + root + "/s; keepalive_requests 100000;\n" +
           " client_max_body_size 0;\n" + " server { listen unix:" + socket_ + "; root " + root +
           "/www;\n" + "  location /gzip/ { alias " + root + "/www/; gzip on; gzip_types *; " +
           "gzip_proxied any; }\n" + "  location /back { return 302 /moved; }\n" +
           "  location /count { return 200 \"$connection_requests\"; }\n }\n}\n";
  }

  std::string socket_;
  Process process_;
};

struct Farm {
  Farm() {
    if (!find_program("nginx")) sluice::support::skip("no nginx");
    if (!find_program("curl")) sluice::support::skip("no curl");
    std::filesystem::create_directory(directory.path() / "www");
    std::filesystem::permissions(directory.path(), std::filesystem::perms::others_all,
                                 std::filesystem::perm_options::add);
    std::string block(1 << 20, '\0');
    for (std::size_t i = 0; i < block.size(); ++i)
      block[i] = static_cast<char>(i * 2654435761U >> 13);
    std::ofstream big(directory.path() / "www" / "big");
    for (std::size_t i = 0; i < kBigBytes / block.size(); ++i) big << block;
    directory.write("www/small", "small file\n");
  }

  Finished curl(const SluiceProcess& sluice, std::vector<std::string> arguments,
                const std::string& path, std::size_t listener = 0) const {
    std::vector<std::string> all = {"curl", "-sS", "-k", "--max-time", "60"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.push_back((listener == 0 ? "http" : "https") + std::string("://localhost:") +
                  std::to_string(sluice.port(listener)) + path);
    return run_program(all, {}, std::chrono::milliseconds(70'000));
  }

  TempDir directory;
};

}  // namespace

TEST_CASE("peers: curl gets from nginx, over http and https", "[wire][peers]") {
  Farm farm;
  Nginx nginx(farm.directory);
  auto certificate =
      sluice::support::make_certificate(farm.directory.path(), "localhost", {"localhost"});
  SluiceProcess sluice(R"({"workers": 2, "access_log": {"format": "off"},
    "listeners": [{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "tls": {"certificates":
      [{"cert": ")" + certificate.cert_path +
                       R"(", "key": ")" + certificate.key_path + R"("}]}}],
    "pools": {"p": {"backends": [")" +
                       nginx.address() + R"("]}},
    "routes": [{"match": {}, "forward": {"pool": "p"}}]})");
  for (std::size_t listener : {0U, 1U}) {
    CHECK(farm.curl(sluice, {}, "/small", listener).out == "small file\n");
    CHECK(farm.curl(sluice, {"-I"}, "/small", listener).out.find("Content-Length: 11") !=
          std::string::npos);
    CHECK(farm.curl(sluice, {"-o", "/dev/null", "-w", "%{http_code}"}, "/missing", listener).out ==
          "404");
    CHECK(farm.curl(sluice, {"-r", "6-9"}, "/small", listener).out == "file");

    const std::string copy = farm.directory.file("copy");
    const std::string big = farm.directory.file("www/big");
    CHECK(farm.curl(sluice, {"-o", copy}, "/big", listener).status.code == 0);
    CHECK(run_program({"cmp", copy, big}).status.code == 0);
    // Compressed on the fly: chunked, with no length.
    CHECK(farm.curl(sluice, {"--compressed", "-o", copy}, "/gzip/big", listener).status.code == 0);
    CHECK(run_program({"cmp", copy, big}).status.code == 0);
  }
}

TEST_CASE("peers: nginx's connections are kept alive", "[wire][peers]") {
  Farm farm;
  Nginx nginx(farm.directory);
  SluiceProcess sluice(sluice::wire::forwarding_to({nginx.address()}));
  sluice::support::RawClient client = sluice.connect();
  for (int i = 1; i <= 100; ++i) {
    client.send("GET /count HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(sluice::support::read_response(client).body == std::to_string(i));
  }
}

TEST_CASE("peers: curl uploads in both framings, and waits for 100", "[wire][peers]") {
  Farm farm;
  sluice::support::ScriptedBackend backend([](sluice::support::BackendConnection& connection) {
    while (auto request = connection.recv_request(std::chrono::milliseconds(60'000))) {
      connection.respond(200, std::to_string(std::hash<std::string>()(request->body)));
    }
  });
  SluiceProcess sluice(sluice::wire::forwarding_to(backend));
  const std::string body = sluice::support::read_file(farm.directory.file("www/big"));
  const std::string expected = std::to_string(std::hash<std::string>()(body));
  const std::string file = "@" + farm.directory.file("www/big");
  CHECK(farm.curl(sluice, {"--data-binary", file}, "/").out == expected);
  CHECK(farm.curl(sluice, {"--data-binary", file, "-H", "Transfer-Encoding: chunked"}, "/").out ==
        expected);
  CHECK(farm.curl(sluice, {"--data-binary", file, "-H", "Expect: 100-continue"}, "/").out ==
        expected);
}

TEST_CASE("peers: memory does not grow with the size of a body", "[wire][peers]") {
  if (sluice::support::kSanitized) sluice::support::skip("a sanitizer's memory is its own");
  Farm farm;
  Nginx nginx(farm.directory);
  SluiceProcess sluice(sluice::wire::forwarding_to({nginx.address()}));
  auto peak_kib = [&sluice] { return sluice::support::status_kib(sluice.process_id(), "VmHWM"); };
  // 2 GiB and 2 MiB, through a client that reads as fast as it can.
  std::filesystem::resize_file(farm.directory.path() / "www" / "big", 2 << 20);
  CHECK(farm.curl(sluice, {"-o", "/dev/null"}, "/big").status.code == 0);
  const std::size_t small_kib = peak_kib();
  std::filesystem::resize_file(farm.directory.path() / "www" / "big", std::uintmax_t{2} << 30);
  CHECK(farm.curl(sluice, {"-o", "/dev/null"}, "/big").status.code == 0);
  const std::size_t big_kib = peak_kib();
  INFO(small_kib << " KiB, then " << big_kib << " KiB");
  CHECK(big_kib < small_kib + 1024);
}
