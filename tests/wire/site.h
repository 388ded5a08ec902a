// SPDX-License-Identifier: MIT
// A directory of files to be sent, and how the tests ask for them.
#pragma once

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/support/deadline.h"
#include "tests/support/http_reader.h"
#include "tests/support/sluice_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace sluice::wire {

inline std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 2654435761U >> 9);
  return out;
}

// A root with a few files, beside a secret that must never leave.
struct Site {
  Site() {
    std::filesystem::create_directories(directory.path() / "www/docs/empty");
    std::filesystem::create_directories(directory.path() / "www/.well-known");
    directory.write("secret.txt", "secret\n");
    directory.write("www/index.html", "<h1>home</h1>\n");
    directory.write("www/docs/index.html", "docs\n");
    directory.write("www/digits.txt", "0123456789");
    directory.write("www/a b%.txt", "odd name\n");
    directory.write("www/.hidden", "secret\n");
    directory.write("www/.well-known/acme", "token\n");
    directory.write("www/empty.css", "");
    directory.write("www/big.bin", pattern(3'000'000));
    std::filesystem::create_symlink("digits.txt", directory.path() / "www/inside");
    std::filesystem::create_symlink("../secret.txt", directory.path() / "www/outside");
    std::filesystem::create_symlink(directory.path(), directory.path() / "www/up");
    REQUIRE(mkfifo((directory.path() / "www/fifo").c_str(), 0600) == 0);
  }

  std::string config(std::string_view more = {}, std::string_view listener = {}) const {
    return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0")" + std::string(listener) +
           R"(}], "access_log": {"format": "json"}, "routes": [{"files": {"root": ")" +
           (directory.path() / "www").string() + "\"" + std::string(more) +
           R"(}}, {"match": {"path": "/s/*"}, "strip_prefix": "/s", "files": {"root": ")" +
           (directory.path() / "www").string() + R"("}}]})";
  }

  support::TempDir directory;
};

// For the listener of a Site's config().
inline std::string over_tls(const Site& site) {
  const auto certificate =
      support::make_certificate(site.directory.path(), "localhost", {"localhost"});
  return R"(, "tls": {"certificates": [{"cert": ")" + certificate.cert_path + R"(", "key": ")" +
         certificate.key_path + R"("}]})";
}

inline support::Response ask(support::RawClient& client, const std::string& target,
                             const std::string& fields = {}, const std::string& method = "GET") {
  client.send(method + " " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
  return support::read_response(
      client, method == "HEAD" ? support::ResponseTo::Head : support::ResponseTo::Get);
}

inline std::string admin_stats(const support::SluiceProcess& sluice) {
  support::RawClient admin = sluice.connect_admin();
  return ask(admin, "/cache/stats").body;
}

// What is kept in memory is looked at once a second.
inline support::Response ask_until(support::RawClient& client, const std::string& target,
                                   std::string_view body) {
  support::Response response;
  for (const support::Deadline deadline; response.body != body && !deadline.expired();) {
    response = ask(client, target);
  }
  return response;
}

// The tag of a file is strong once that has been left alone for some seconds.
inline support::Response ask_until_settled(support::RawClient& client, const std::string& target) {
  support::Response response;
  for (const support::Deadline deadline;
       !response.field("ETag").starts_with('"') && !deadline.expired();) {
    response = ask(client, target);
  }
  return response;
}

}  // namespace sluice::wire
