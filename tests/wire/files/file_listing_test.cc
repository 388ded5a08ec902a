// SPDX-License-Identifier: MIT
// Directories that are listed: where, and for how long a page is kept.
#include <catch2/catch.hpp>

#include <filesystem>
#include <string>

#include "tests/wire/site.h"

using sluice::support::Deadline;
using sluice::support::RawClient;
using sluice::support::Response;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::wire::admin_stats;
using sluice::wire::ask;

namespace fs = std::filesystem;

namespace {

// The line of what was stored until now.
std::string insertions(const std::string& stats) {
  const std::size_t begin = stats.find("\"insertions\"");
  return begin == std::string::npos ? stats : stats.substr(begin, stats.find(',', begin) - begin);
}

}  // namespace

TEST_CASE("files: a directory without an index is listed where that is asked for, and only there",
          "[wire][files]") {
  TempDir directory;
  fs::create_directories(directory.path() / "sub/deeper");
  directory.write("sub/a<b>.txt", "1234");
  directory.write("sub/.hidden", "x");
  fs::create_symlink("../sub/deeper", directory.path() / "sub/inside");
  fs::create_symlink("/", directory.path() / "sub/outside");
  fs::create_symlink("/etc/hostname", directory.path() / "sub/outside.txt");
  const auto config = [&directory](const std::string& more) {
    return R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
      "routes": [{"files": {"root": ")" +
           directory.path().string() + "\"" + more + "}}]}";
  };
  SluiceProcess sluice(config(R"(, "listing": true)"));
  RawClient client = sluice.connect();
  const Response page = ask(client, "/sub/");
  CHECK(page.status == 200);
  CHECK(page.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.body.find(R"(<a href="./deeper/">deeper/</a>)") != std::string::npos);
  CHECK(page.body.find(R"(<a href="./a%3Cb%3E.txt">a&lt;b&gt;.txt</a></td><td>4)") !=
        std::string::npos);
  CHECK(page.body.find("hidden") == std::string::npos);
  CHECK(page.body.find(R"(<a href="./inside/">inside/</a>)") != std::string::npos);
  CHECK(page.body.find("outside") == std::string::npos);
  CHECK(ask(client, "/sub/", "", "HEAD").field("Content-Length") ==
        std::to_string(page.body.size()));
  CHECK(ask(client, "/sub").status == 308);
  CHECK(ask(client, "/none/").status == 404);
  REQUIRE(sluice.reload(config("")));
  RawClient later = sluice.connect();
  CHECK(ask(later, "/sub/").status == 404);
}

TEST_CASE("files: a listing is kept for a second, under each of its paths", "[wire][files]") {
  TempDir directory;
  fs::create_directories(directory.path() / "sub");
  directory.write("sub/a", "1");
  const std::string files =
      R"("files": {"root": ")" + directory.path().string() + R"(", "listing": true})";
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}], "routes": [{)" +
                       files + R"(}, {"match": {"path": "/s/*"}, "strip_prefix": "/s", )" + files +
                       "}]}");
  RawClient client = sluice.connect();
  CHECK(ask(client, "/sub/").body.find("<h1>/sub/</h1>") != std::string::npos);
  CHECK(ask(client, "/s/sub/").body.find("<h1>/s/sub/</h1>") != std::string::npos);
  CHECK(admin_stats(sluice).find("\"entries\": 2,") != std::string::npos);
  // Made twice within one second, it would be stored twice.
  std::string before;
  std::string after = admin_stats(sluice);
  for (const Deadline deadline; insertions(after) != insertions(before) && !deadline.expired();) {
    before = after;
    ask(client, "/sub/");
    after = admin_stats(sluice);
  }
  CHECK(insertions(after) == insertions(before));
  const std::string old_page = ask(client, "/sub/").body;
  directory.write("sub/b", "1");
  std::string page = old_page;
  for (const Deadline deadline; page == old_page && !deadline.expired();) {
    page = ask(client, "/sub/").body;
  }
  CHECK(page.find("./b\"") != std::string::npos);
  // RFC 9110 13.1.3, 13.1.4: it has no date of its own.
  for (const char* field :
       {"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n",
        "If-Unmodified-Since: Sun, 29 Nov 2020 00:00:00 GMT\r\n", "Range: bytes=0-3\r\n"}) {
    CHECK(ask(client, "/sub/", field).status == 200);
  }
}

TEST_CASE("files: a listing is there, though it has no tag", "[wire][files]") {
  TempDir directory;
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "routes": [{"files": {"root": ")" +
                       directory.path().string() + R"(", "listing": true}}]})");
  RawClient client = sluice.connect();
  CHECK(ask(client, "/", "If-Match: \"x\"\r\n").status == 412);
  CHECK(ask(client, "/", "If-Match: *\r\n").status == 200);
  CHECK(ask(client, "/", "If-None-Match: *\r\n").status == 304);
  CHECK(ask(client, "/", "If-None-Match: \"x\"\r\n").status == 200);
  CHECK(ask(client, "/", "If-Range: \"x\"\r\nRange: bytes=0-3\r\n").status == 200);
}
