// SPDX-License-Identifier: MIT
// The dates of files: which are said, and what is asked by them.
#include <catch2/catch.hpp>

#include <chrono>
#include <filesystem>
#include <string>

#include "proxy/http/date.h"
#include "tests/wire/site.h"

using sluice::support::Deadline;
using sluice::support::RawClient;
using sluice::support::Response;
using sluice::support::SluiceProcess;
using sluice::wire::ask;
using sluice::wire::ask_until_settled;
using sluice::wire::Site;

namespace fs = std::filesystem;

namespace {

std::string http_date(std::int64_t seconds) {
  std::string date(sluice::http::kHttpDateSize, ' ');
  sluice::http::write_http_date(date.data(), seconds);
  return date;
}

// Of a file that was written just before it was looked at.
Response ask_young(const Site& site, RawClient& client, const std::string& text,
                   const std::string& fields) {
  Response response;
  int attempt = 0;
  for (const Deadline deadline; !response.field("ETag").starts_with("W/") && !deadline.expired();
       ++attempt) {
    const std::string name = "young" + std::to_string(attempt);
    site.directory.write("www/" + name, text);
    response = ask(client, "/" + name, fields);
  }
  CHECK(response.field("ETag").starts_with("W/"));
  return response;
}

}  // namespace

TEST_CASE("files: what was changed a moment ago has no date to ask by", "[wire][files]") {
  const std::string text(GENERATE(10U, 100'000U), 'x');  // kept, or sent from where it lies
  Site site;
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  CHECK_FALSE(ask_young(site, client, text, "").has("Last-Modified"));
  for (const char* fields : {"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n",
                             "If-Unmodified-Since: Sun, 29 Nov 2020 00:00:00 GMT\r\n"}) {
    CAPTURE(fields);
    CHECK(ask_young(site, client, text, fields).status == 200);
  }
}

TEST_CASE("files: what has an old time may have come to its path just now", "[wire][files]") {
  const std::string text(GENERATE(10U, 100'000U), 'x');
  Site site;
  site.directory.write("www/file", text);
  const auto hour_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(site.directory.path() / "www/file",
                      std::chrono::floor<std::chrono::seconds>(hour_ago));
  SluiceProcess sluice(site.config());
  RawClient client = sluice.connect();
  const Response settled = ask_until_settled(client, "/file");
  const auto asked_with = [&client](const std::string& date) {
    return ask(client, "/file", "If-Modified-Since: " + date + "\r\n").status;
  };
  const std::string date = settled.field("Last-Modified");
  CHECK(asked_with(date) == 304);
  const auto modified = sluice::http::parse_http_date(date, 0);
  REQUIRE(modified.has_value());
  CHECK(asked_with(http_date(*modified - 1)) == 200);
  CHECK(asked_with(http_date(*modified + 1)) == 200);
  CHECK(asked_with("Fri, 01 Jan 2100 00:00:00 GMT") == 304);
}
