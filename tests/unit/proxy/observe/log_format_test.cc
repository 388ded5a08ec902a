// SPDX-License-Identifier: MIT
#include "proxy/observe/log_format.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace sluice::observe {
namespace {

using std::chrono::microseconds;

constexpr std::string_view kLocal = "10/Oct/2000:13:55:36 -0700";
constexpr std::string_view kUtc = "2000-10-10T20:55:36";

LogRecord full_record() {
  LogRecord record;
  record.client = *IpAddress::parse("192.0.2.1");
  record.id = "0123456789abcdef";
  record.method = "GET";
  record.host = "a.example";
  record.target = "/x?q=1";
  record.referer = "https://b.example/";
  record.user_agent = "curl/8";
  record.status = 200;
  record.bytes_in = 3;
  record.bytes_out = 2326;
  record.route = "a.example/*";
  record.pool = "shop";
  record.backend = "10.0.0.1:8080";
  record.attempts = 2;
  record.reused = true;
  record.cache = "hit";
  record.head = microseconds(1250);
  record.connect = microseconds(20);
  record.first_byte = microseconds(5003);
  record.total = microseconds(7000);
  record.tls = "TLSv1.3";
  record.end = "ok";
  return record;
}

std::string combined(const LogRecord& record) {
  LogLine line;
  format_combined(record, kLocal, line);
  return std::string(line.view());
}

std::string json_of(const LogRecord& record) {
  LogLine line;
  format_json(record, kUtc, 7, line);
  return std::string(line.view());
}

TEST_CASE("log format: combined is Apache's") {
  CHECK(combined(full_record()) ==
        "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /x?q=1 HTTP/1.1\" 200 2326 "
        "\"https://b.example/\" \"curl/8\"\n");
}

TEST_CASE("log format: combined has a dash for what is not there") {
  LogRecord record;
  record.status = 400;
  CHECK(combined(record) == "- - - [10/Oct/2000:13:55:36 -0700] \"-\" 400 0 \"-\" \"-\"\n");
}

TEST_CASE("log format: JSON has every field, in one line") {
  CHECK(json_of(full_record()) ==
        R"({"time":"2000-10-10T20:55:36.007Z","id":"0123456789abcdef","client":"192.0.2.1",)"
        R"("method":"GET","host":"a.example","path":"/x?q=1","proto":"HTTP/1.1","status":200,)"
        R"("bytes_in":3,"bytes_out":2326,"route":"a.example/*","pool":"shop",)"
        R"("backend":"10.0.0.1:8080","attempts":2,"reused":true,"cache":"hit","head_ms":1.250,)"
        R"("connect_ms":0.020,"first_byte_ms":5.003,"total_ms":7.000,"tls":"TLSv1.3","end":"ok",)"
        R"("ua":"curl/8","referer":"https://b.example/"})"
        "\n");
}

TEST_CASE("log format: JSON says null for what was never reached") {
  LogRecord record;
  record.version = http::Version::Http10;
  record.end = "malformed";
  const nlohmann::json line = nlohmann::json::parse(json_of(record));
  for (const char* key : {"head_ms", "connect_ms", "first_byte_ms", "total_ms"}) {
    INFO(key);
    CHECK(line.at(key).is_null());
  }
  CHECK(line.at("proto") == "HTTP/1.0");
  CHECK(line.at("client") == "-");
  CHECK(line.at("tls") == "");
  CHECK(line.at("end") == "malformed");
}

// Every text that a stranger, or a name in the configuration, may bring.
std::string_view LogRecord::*const kTexts[] = {
    &LogRecord::id,      &LogRecord::method,     &LogRecord::host,  &LogRecord::target,
    &LogRecord::referer, &LogRecord::user_agent, &LogRecord::route, &LogRecord::pool,
    &LogRecord::backend, &LogRecord::tls,        &LogRecord::end,
};

TEST_CASE("log format: no value can forge a line") {
  const std::string forged =
      "x\r\n1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 0 \"-\" \"-\"\n"
      "{\"end\":\"ok\"}\",\"status\":1,\"end\":\"ok\xff";
  for (const auto text : kTexts) {
    LogRecord record = full_record();
    record.*text = forged;
    for (const std::string& line : {combined(record), json_of(record)}) {
      CHECK(std::count(line.begin(), line.end(), '\n') == 1);
      CHECK(line.back() == '\n');
      CHECK(line.find('\r') == line.npos);
    }
    const nlohmann::json parsed = nlohmann::json::parse(json_of(record));
    CHECK(parsed.size() == 24);
    CHECK(parsed.at("status") == 200);
    // Outside of escapes the combined line has the six quotes of its format.
    const std::string line = combined(record);
    int quotes = 0;
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (line[at] == '\\') {
        ++at;
      } else if (line[at] == '"') {
        ++quotes;
      }
    }
    CHECK(quotes == 6);
  }
}

TEST_CASE("log format: a line is bounded when everything in it is too long") {
  const std::string long_text(100000, '\n');
  LogRecord record = full_record();
  for (const auto text : kTexts) record.*text = long_text;
  record.client = *IpAddress::parse("2001:db8:1111:2222:3333:4444:5555:6666");
  record.status = 999;
  record.bytes_in = record.bytes_out = UINT64_MAX;
  record.attempts = INT32_MAX;
  const auto longest = std::chrono::duration_cast<microseconds>(std::chrono::hours(24 * 365 * 200));
  record.head = record.connect = record.first_byte = record.total = longest;
  CHECK(json_of(record).size() <= LogLine::kBytesMax);
  CHECK(combined(record).size() <= LogLine::kBytesMax);
  CHECK(nlohmann::json::parse(json_of(record)).at("path").get<std::string>().ends_with("..."));
}

TEST_CASE("log time: a second is written as both formats want it") {
  const std::time_t second = 971211336;  // 2000-10-10 20:55:36 UTC
  LogTime time;
  CHECK(time.json(second) == kUtc);
  CHECK(time.json(second) == kUtc);
  CHECK(time.json(second + 1) == "2000-10-10T20:55:37");
  CHECK(time.json(second - 60) == "2000-10-10T20:54:36");

  std::tm local{};
  localtime_r(&second, &local);
  char expected[64];
  const std::size_t size = strftime(expected, sizeof(expected), "%d/%b/%Y:%H:%M:%S %z", &local);
  CHECK(LogTime().combined(second) == std::string_view(expected, size));
}

}  // namespace
}  // namespace sluice::observe
