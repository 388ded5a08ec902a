// SPDX-License-Identifier: MIT
// Real peers: nginx behind, curl in front, and the files that pass between them.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/environment.h"
#include "tests/support/process.h"
#include "tests/support/skip.h"
#include "tests/support/sluice_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace sluice::wire {

inline constexpr std::size_t kBigBytes = 16 * 1024 * 1024;

// nginx on a Unix socket: files as they are, below /gzip/ compressed, below /chunked/ without a
// length. What is put below /put/ is kept.
class Nginx {
 public:
  explicit Nginx(const support::TempDir& directory)
      : socket_(directory.file("nginx.sock")),
        process_({support::find_program("nginx").value(), "-p", directory.path(), "-c",
                  directory.write("nginx.conf", config(directory)), "-e", "stderr"}) {
    const support::Deadline deadline;
    while (!std::filesystem::exists(socket_)) {
      if (deadline.expired() || !process_.running()) {
        throw support::Failure(process_.output(support::Stream::Err));
      }
    }
  }

  std::string address() const { return "unix:" + socket_; }

 private:
  std::string config(const support::TempDir& directory) const {
    const std::string root = directory.path();
    return "daemon off; worker_processes 1; pid " + root + "/nginx.pid; user root;\n" +
           "events { worker_connections 512; }\nhttp {\n access_log off;\n" +
           " client_body_temp_path " + root + "/b; proxy_temp_path " + root + "/p;\n" +
           " fastcgi_temp_path " + root + "/f; uwsgi_temp_path " + root + "/u;\n" +
           " scgi_temp_path " + root + "/s; keepalive_requests 100000;\n" +
           " client_max_body_size 0;\n" + " server { listen unix:" + socket_ + "; root " + root +
           "/www;\n" + "  location /gzip/ { alias " + root + "/www/; gzip on; gzip_types *; " +
           "gzip_proxied any; }\n" + "  location /chunked/ { alias " + root +
           "/www/; ssi on; ssi_types *; }\n" + "  location /put/ { dav_methods PUT; }\n" +
           "  location /back { return 302 /moved; }\n" +
           "  location /count { return 200 \"$connection_requests\"; }\n }\n}\n";
  }

  std::string socket_;
  support::Process process_;
};

struct Farm {
  Farm() {
    if (!support::find_program("nginx")) support::skip("no nginx");
    if (!support::find_program("curl")) support::skip("no curl");
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

  // In front of that address, plain and with TLS.
  std::string config(const std::string& address) const {
    const auto certificate =
        support::make_certificate(directory.path(), "localhost", {"localhost"});
    return R"({"workers": 2, "access_log": {"format": "json"},
      "listeners": [{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "tls": {"certificates":
        [{"cert": ")" +
           certificate.cert_path + R"(", "key": ")" + certificate.key_path + R"("}]}}],
      "pools": {"p": {"backends": [")" +
           address + R"("]}},
      "routes": [{"forward": {"pool": "p"}}]})";
  }

  std::string url(const support::SluiceProcess& sluice, const std::string& path,
                  std::size_t listener = 0) const {
    return (listener == 0 ? "http" : "https") + std::string("://localhost:") +
           std::to_string(sluice.port(listener)) + path;
  }

  support::Finished curl(const support::SluiceProcess& sluice, std::vector<std::string> arguments,
                         const std::string& path, std::size_t listener = 0) const {
    std::vector<std::string> all = {"curl", "-sS", "-k", "--max-time", "110"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.push_back(url(sluice, path, listener));
    return support::run_program(all, {}, std::chrono::milliseconds(115'000));
  }

  support::TempDir directory;
};

}  // namespace sluice::wire
