// SPDX-License-Identifier: MIT
// Files from a directory: what is sent of them, what is not, and that nothing else ever is.
#include <catch2/catch.hpp>

#include <filesystem>
#include <string>

#include "tests/support/http_reader.h"
#include "tests/support/process_stats.h"
#include "tests/support/sluice_process.h"
#include "tests/support/temp_dir.h"
#include "tests/wire/site.h"

using sluice::support::Deadline;
using sluice::support::descriptor_count;
using sluice::support::RawClient;
using sluice::support::Response;
using sluice::support::SluiceProcess;
using sluice::support::TempDir;
using sluice::wire::admin_stats;
using sluice::wire::ask;
using sluice::wire::ask_until;
using sluice::wire::ask_until_settled;
using sluice::wire::over_tls;
using sluice::wire::pattern;
using sluice::wire::Site;

namespace fs = std::filesystem;

TEST_CASE("files: what is below the root is sent, with its type and its validators",
          "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  const Response text = ask(client, "/digits.txt");
  CHECK(text.status == 200);
  CHECK(text.body == "0123456789");
  CHECK(text.field("Content-Type") == "text/plain; charset=utf-8");
  CHECK(text.field("Content-Length") == "10");
  CHECK(text.field("Accept-Ranges") == "bytes");
  CHECK_FALSE(text.field("ETag").empty());
  CHECK_FALSE(ask_until_settled(client, "/digits.txt").field("Last-Modified").empty());
  CHECK(ask(client, "/").body == "<h1>home</h1>\n");
  CHECK(ask(client, "/docs/").body == "docs\n");
  CHECK(ask(client, "/s/docs/").body == "docs\n");
  CHECK(ask(client, "/s/").body == "<h1>home</h1>\n");
  CHECK(ask(client, "/inside").body == "0123456789");
  CHECK(ask(client, "/a%20b%25.txt?query").body == "odd name\n");
  CHECK(ask(client, "/empty.css").body.empty());
  CHECK(ask(client, "/.well-known/acme").body == "token\n");
  CHECK(ask(client, "/big.bin").body == pattern(3'000'000));
  const Response head = ask(client, "/digits.txt", {}, "HEAD");
  CHECK(head.status == 200);
  CHECK(head.field("Content-Length") == "10");
  CHECK(ask(client, "/docs/").status == 200);  // all on one connection
}

TEST_CASE("files: nothing outside the root, hidden or special is ever sent", "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  for (const char* target :
       {"/missing", "/outside", "/up/secret.txt", "/up/", "/.hidden", "/.", "/docs/.hidden",
        "/..%2fsecret.txt", "/%2e%2e%2fsecret.txt", "/docs%2findex.html", "/fifo", "/digits.txt/",
        "/digits.txt/x", "/docs/empty/", "/.well-known/.x", "/x/.well-known/acme",
        "/..../secret.txt", "/docs/..%5c..%5csecret.txt"}) {
    CAPTURE(target);
    const Response response = ask(client, target);
    const bool home = std::string(target) == "/.";  // another spelling of "/"
    CHECK(response.status == (home ? 200 : 404));
    CHECK(response.body.find("secret") == std::string::npos);
  }
  for (const char* target : {"/../secret.txt", "/docs/../../secret.txt", "/%2e%2e/secret.txt"}) {
    CAPTURE(target);
    RawClient other = sluice.connect();
    CHECK(ask(other, target).status == 400);
  }
  CHECK_NOTHROW(sluice.wait_for_access_log("\"end\":\"file_missing\""));
}

TEST_CASE("files: a directory without its slash is a redirect to the client's own path",
          "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  const Response response = ask(client, "/docs?x=1");
  CHECK(response.status == 308);
  CHECK(response.field("Location") == "/docs/?x=1");
  CHECK(ask(client, "/s/docs").field("Location") == "/s/docs/");
  // Browsers take "/\\" for "//", and what is behind it for a host.
  fs::create_directories(site.directory.path() / "www/\\evil.example");
  CHECK(ask(client, "/\\evil.example").field("Location") == "/%5Cevil.example/");
}

TEST_CASE("files: the bare prefix of a rewritten path is a directory without its slash",
          "[wire][files]") {
  Site site;
  const std::string files =
      R"("files": {"root": ")" + (site.directory.path() / "www").string() + "\"}}";
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}], "routes": [
    {"match": {"path": "/s/*"}, "strip_prefix": "/s", )" +
                       files + R"(,
    {"match": {"path": "/r/*"}, "replace_prefix": "/", )" +
                       files + R"(,
    {"match": {"path": "/home"}, "replace_prefix": "/", )" +
                       files + ", {" + files + "]}");
  RawClient client = sluice.connect();
  for (const std::string path : {"/s", "/r"}) {
    CAPTURE(path);
    CHECK(ask(client, path + "/").body == "<h1>home</h1>\n");  // kept under the same own path
    const Response bare = ask(client, path + "?x=1");
    CHECK(bare.status == 308);
    CHECK(bare.field("Location") == path + "/?x=1");
  }
  CHECK(ask(client, "/s/digits.txt").status == 200);
  CHECK(ask(client, "/").body == "<h1>home</h1>\n");
  // The route has no other path to lead to.
  CHECK(ask(client, "/home").body == "<h1>home</h1>\n");
}

// What is kept of the same file for one route is not the other's.
TEST_CASE("files: types of the operator's own, for that route alone", "[wire][files]") {
  Site site;
  SluiceProcess sluice(
      site.config(R"(, "types": {"txt": "text/x-digits", "bin": "application/x-large"})"));
  RawClient client = sluice.connect();
  for (int i = 0; i < 2; ++i) {
    CHECK(ask(client, "/digits.txt").field("Content-Type") == "text/x-digits");
    CHECK(ask(client, "/s/digits.txt").field("Content-Type") == "text/plain; charset=utf-8");
    CHECK(ask(client, "/big.bin").field("Content-Type") == "application/x-large");
    CHECK(ask(client, "/s/big.bin").field("Content-Type") == "application/octet-stream");
    CHECK(ask(client, "/index.html").field("Content-Type") == "text/html; charset=utf-8");
  }
}

TEST_CASE("files: other methods than GET and HEAD are refused", "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  const Response response = ask(client, "/digits.txt", "Content-Length: 0\r\n", "POST");
  CHECK(response.status == 405);
  CHECK(response.field("Allow") == "GET, HEAD");
  const Response options = ask(client, "/digits.txt", "Max-Forwards: 0\r\n", "OPTIONS");
  CHECK(options.status == 200);
  CHECK(options.field("Allow") == "GET, HEAD");
}

TEST_CASE("files: a small file is kept in memory, and looked at again when it has changed",
          "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  ask(client, "/digits.txt");
  CHECK(admin_stats(sluice).find("\"entries\": 1,") != std::string::npos);
  site.directory.write("www/digits.txt", "new");
  CHECK(ask_until(client, "/digits.txt", "new").field("Content-Length") == "3");
  fs::remove(site.directory.path() / "www/digits.txt");
  Response gone;
  for (const Deadline deadline; gone.status != 404 && !deadline.expired();) {
    gone = ask(client, "/digits.txt");
  }
  CHECK(gone.status == 404);
}

TEST_CASE("files: one of the same size and time in another's place has another entity tag",
          "[wire][files]") {
  Site site;
  const bool is_large = GENERATE(false, true);  // read from where it lies, or kept in memory
  const std::string old_text(is_large ? 100'000 : 10, 'o');
  const std::string new_text(old_text.size(), 'n');
  const fs::path path = site.directory.path() / "www/file";
  const fs::path other = site.directory.path() / "www/other";
  site.directory.write("www/file", old_text);
  site.directory.write("www/other", new_text);
  fs::last_write_time(other, fs::last_write_time(path));
  std::string tag;
  {
    SluiceProcess sluice(site.config());
    RawClient client = sluice.connect();
    tag = ask_until_settled(client, "/file").field("ETag");
    CHECK(tag.starts_with('"'));
    CHECK(ask(client, "/file", "If-None-Match: " + tag + "\r\n").status == 304);
  }
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  CHECK(ask(client, "/file").field("ETag") == tag);
  fs::rename(other, path);
  const Response response = ask_until(client, "/file", new_text);
  CHECK((response.body == new_text));
  CHECK(response.field("ETag") != tag);
  CHECK(ask_until_settled(client, "/file").field("ETag") != tag);
  CHECK(ask(client, "/file", "If-None-Match: " + tag + "\r\n").status == 200);
  CHECK(ask(client, "/file", "Range: bytes=0-1\r\nIf-Range: " + tag + "\r\n").status == 200);
}

TEST_CASE("files: conditional requests", "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  const Response first = ask_until_settled(client, "/digits.txt");
  const std::string etag = first.field("ETag");
  const std::string date = first.field("Last-Modified");
  const Response same = ask(client, "/digits.txt", "If-None-Match: \"x\", " + etag + "\r\n");
  CHECK(same.status == 304);
  CHECK(same.field("ETag") == etag);
  CHECK(same.body.empty());
  CHECK(ask(client, "/digits.txt", "If-Modified-Since: " + date + "\r\n").status == 304);
  CHECK(ask(client, "/digits.txt", "If-None-Match: \"x\"\r\n").status == 200);
  CHECK(ask(client, "/digits.txt", "If-Match: \"x\"\r\n").status == 412);
  CHECK(ask(client, "/digits.txt", "If-Match: " + etag + "\r\n").status == 200);
  site.directory.write("www/digits.txt", "changed!!!");
  const Response changed = ask_until(client, "/digits.txt", "changed!!!");
  CHECK(ask(client, "/digits.txt", "If-None-Match: " + etag + "\r\n").status == 200);
  CHECK(changed.body == "changed!!!");
}

// Whoever asks for what is not there would have had it kept by the caches in front.
TEST_CASE("files: a 416 is not kept for as long as the route says of its files",
          "[wire][files][regression]") {
  Site site;
  SluiceProcess sluice(site.config(
      R"(}, "headers": {"response": {"set": {"Cache-Control": "max-age=9", "X": "1"}})"));
  RawClient client = sluice.connect();
  CHECK(ask(client, "/digits.txt").field("Cache-Control") == "max-age=9");
  const Response refused = ask(client, "/digits.txt", "Range: bytes=10-\r\n");
  CHECK(refused.status == 416);
  CHECK_FALSE(refused.has("Cache-Control"));
  CHECK(refused.field("X") == "1");
}

TEST_CASE("files: ranges, one, several and none that is there", "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  ask_until_settled(client, "/digits.txt");
  const Response one = ask(client, "/digits.txt", "Range: bytes=2-4\r\n");
  CHECK(one.status == 206);
  CHECK(one.body == "234");
  CHECK(one.field("Content-Range") == "bytes 2-4/10");
  CHECK(ask(client, "/digits.txt", "Range: bytes=-3\r\n").body == "789");
  const Response none = ask(client, "/digits.txt", "Range: bytes=10-\r\n");
  CHECK(none.status == 416);
  CHECK(none.field("Content-Range") == "bytes */10");
  CHECK(ask(client, "/digits.txt", "Range: lines=1-2\r\n").status == 200);
  CHECK(ask(client, "/digits.txt", "Range: bytes=2-4\r\nIf-Range: \"old\"\r\n").status == 200);
  CHECK(ask(client, "/digits.txt", "Range: bytes=2-4\r\nIf-Range: " + one.field("ETag") + "\r\n")
            .status == 206);
  CHECK(ask(client, "/digits.txt", "Range: bytes=2-4\r\n", "HEAD").status == 200);

  const Response several = ask(client, "/digits.txt", "Range: bytes=7-,0-1\r\n");
  CHECK(several.status == 206);
  const std::string type = several.field("Content-Type");
  const std::string prefix = "multipart/byteranges; boundary=";
  REQUIRE(type.starts_with(prefix));
  const std::string boundary = type.substr(prefix.size());
  CHECK(several.body == "--" + boundary +
                            "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                            "Content-Range: bytes 7-9/10\r\n\r\n789\r\n--" +
                            boundary +
                            "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                            "Content-Range: bytes 0-1/10\r\n\r\n01\r\n--" +
                            boundary + "--\r\n");
}

TEST_CASE("files: what is not there may be a fallback's", "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config(R"(, "try": "/index.html")"));
  RawClient client = sluice.connect();
  const Response page = ask(client, "/app/some/where");
  CHECK(page.status == 200);
  CHECK(page.body == "<h1>home</h1>\n");
  CHECK(page.field("Content-Type") == "text/html; charset=utf-8");
}

TEST_CASE("files: what is refused is no fallback's", "[wire][files]") {
  Site site;
  fs::create_symlink("/etc", site.directory.path() / "www/etc");
  SluiceProcess sluice(site.config(R"(, "try": ["/outside", "/index.html"])"));
  RawClient client = sluice.connect();
  for (const char* target : {"/..%2f..%2fetc/passwd", "/.git/config", "/docs/.env", "/outside",
                             "/up/secret.txt", "/etc/passwd"}) {
    CAPTURE(target);
    CHECK(ask(client, target).status == 404);
  }
  CHECK(ask(client, "/.well-known/none").body == "<h1>home</h1>\n");
  CHECK(ask(client, "/none").body == "<h1>home</h1>\n");
}

TEST_CASE("files: a fallback is kept once, whatever path was asked for", "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config(R"(, "try": "/index.html", "precompressed": true)"));
  RawClient client = sluice.connect();
  for (int i = 0; i < 20; ++i) {
    CHECK(ask(client, "/deep/link/" + std::to_string(i)).body == "<h1>home</h1>\n");
  }
  CHECK(ask(client, "/index.html").status == 200);
  CHECK(admin_stats(sluice).find("\"entries\": 1,") != std::string::npos);
  // Who takes another coding may be sent another file.
  site.directory.write("www/index.html.gz", "coded");
  CHECK(ask(client, "/deep/link/1", "Accept-Encoding: gzip\r\n").body == "coded");
  CHECK(ask(client, "/deep/link/1").body == "<h1>home</h1>\n");
  // What is there after all is seen at once, and another fallback within a second.
  fs::create_directories(site.directory.path() / "www/deep/link");
  site.directory.write("www/deep/link/1", "there");
  CHECK(ask(client, "/deep/link/1").body == "there");
  site.directory.write("www/index.html", "another home");
  CHECK(ask_until(client, "/deep/link/2", "another home").status == 200);
}

TEST_CASE("files: a large fallback is opened once, whatever path was asked for", "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config(R"(, "try": "/big.bin")"));
  RawClient client = sluice.connect();
  ask(client, "/digits.txt");
  const std::size_t open_before = descriptor_count(sluice.process_id());
  for (int i = 0; i < 20; ++i) {
    CHECK((ask(client, "/deep/link/" + std::to_string(i)).body == pattern(3'000'000)));
  }
  CHECK(descriptor_count(sluice.process_id()) <= open_before + 2);  // a second may have passed
}

TEST_CASE("files: a fallback that is a directory is passed over, not redirected to",
          "[wire][files]") {
  Site site;
  SluiceProcess sluice(site.config(R"(, "try": ["/docs", "/docs/"])"));
  SluiceProcess alone(site.config(R"(, "try": "/docs")"));
  SluiceProcess listed(site.config(R"(, "try": "/docs/empty/", "listing": true)"));
  RawClient client = sluice.connect();
  CHECK(ask(client, "/app").body == "docs\n");
  RawClient other = alone.connect();
  CHECK(ask(other, "/app").status == 404);
  CHECK(ask(other, "/docs").status == 308);
  RawClient lister = listed.connect();
  CHECK(ask(lister, "/app").status == 404);
  CHECK(ask(lister, "/docs/empty/").status == 200);
}

TEST_CASE("files: a compressed sibling goes to who takes it, unless it is older", "[wire][files]") {
  Site site;
  site.directory.write("www/app.js", "plain");
  site.directory.write("www/app.js.gz", "gzipped");
  site.directory.write("www/app.js.br", "brotli");
  site.directory.write("www/old.js.gz", "gzipped before");
  site.directory.write("www/old.js", "plain, and newer");
  fs::last_write_time(site.directory.path() / "www/old.js.gz",
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  SluiceProcess sluice(site.config(R"(, "precompressed": true)"));
  RawClient client = sluice.connect();
  const Response plain = ask(client, "/app.js");
  CHECK(plain.body == "plain");
  CHECK(plain.field("Vary") == "Accept-Encoding");
  CHECK_FALSE(plain.has("Content-Encoding"));
  const Response gzip = ask(client, "/app.js", "Accept-Encoding: gzip\r\n");
  CHECK(gzip.body == "gzipped");
  CHECK(gzip.field("Content-Encoding") == "gzip");
  CHECK(gzip.field("Content-Type") == "text/javascript; charset=utf-8");
  CHECK(gzip.field("ETag") != plain.field("ETag"));
  CHECK(ask(client, "/app.js", "Accept-Encoding: x-gzip\r\n").body == "gzipped");
  CHECK(ask(client, "/app.js", "Accept-Encoding: gzip, br\r\n").body == "brotli");
  CHECK(ask(client, "/app.js", "Accept-Encoding: gzip, br;q=0\r\n").body == "gzipped");
  CHECK(ask(client, "/app.js", "Accept-Encoding: gzip;q=1, br;q=0.1\r\n").body == "gzipped");
  CHECK(ask(client, "/app.js", "Accept-Encoding: gzip;q=0.1, br;q=0.2\r\n").body == "brotli");
  CHECK(ask(client, "/app.js", "Accept-Encoding: identity;q=1, gzip;q=0.2\r\n").body == "plain");
  CHECK(ask(client, "/old.js", "Accept-Encoding: gzip\r\n").body == "plain, and newer");
  CHECK_FALSE(ask(client, "/big.bin", "Accept-Encoding: gzip\r\n").has("Vary"));
}

TEST_CASE("files: a root that is turned to the next release is followed within a second",
          "[wire][files]") {
  TempDir directory;
  fs::create_directories(directory.path() / "one");
  fs::create_directories(directory.path() / "two");
  directory.write("one/v", "1");
  directory.write("two/v", "2");
  fs::create_symlink("one", directory.path() / "current");
  SluiceProcess sluice(R"({"workers": 1, "listeners": [{"address": "127.0.0.1:0"}],
    "routes": [{"files": {"root": ")" +
                       (directory.path() / "current").string() + R"("}}]})");
  RawClient client = sluice.connect();
  CHECK(ask(client, "/v").body == "1");
  fs::create_symlink("two", directory.path() / "next");
  fs::rename(directory.path() / "next", directory.path() / "current");
  CHECK(ask_until(client, "/v", "2").body == "2");
}

TEST_CASE("files: over TLS, as they are", "[wire][files][tls]") {
  Site site;
  SluiceProcess sluice(site.config({}, over_tls(site)));
  RawClient client = sluice.connect();
  client.handshake();
  CHECK(ask(client, "/big.bin").body == pattern(3'000'000));
  CHECK(ask(client, "/digits.txt").body == "0123456789");
}
