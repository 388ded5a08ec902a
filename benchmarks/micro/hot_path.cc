// SPDX-License-Identifier: MIT
// What every request passes: parsers, route table, pickers, head writer, log line.
#include <benchmark/benchmark.h>

#include <array>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "balancer/pool.h"
#include "benchmarks/micro/micro.h"
#include "proxy/http/head_writer.h"
#include "proxy/http/request_parser.h"
#include "proxy/http/response_parser.h"
#include "proxy/observe/log_format.h"
#include "proxy/route/table.h"

namespace sluice::bench {

namespace {

using benchmark::DoNotOptimize;
using benchmark::State;

constexpr std::string_view kShortRequest = "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";

// As a browser asks for a part of a page.
constexpr std::string_view kBrowserRequest =
    "GET /assets/app/main.4f1c2d.js?v=3 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "Connection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36\r\n"
    "Accept: */*\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
    "Referer: https://www.example.com/shop/basket\r\n"
    "Sec-Fetch-Dest: script\r\n"
    "Sec-Fetch-Mode: no-cors\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; seen=1\r\n\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Date: Tue, 24 Nov 2026 10:00:00 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Length: 1024\r\n"
    "Cache-Control: max-age=60\r\n"
    "ETag: \"33a64df551425fcc\"\r\n"
    "Vary: Accept-Encoding\r\n\r\n";

void parse_request(State& state, std::string_view text) {
  http::RequestHead head;
  for (auto _ : state) DoNotOptimize(http::parse_request_head(text, {}, head));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void parse_response(State& state) {
  http::ResponseHead head;
  for (auto _ : state) {
    DoNotOptimize(http::parse_response_head(kResponse, {}, http::Method::Get, head));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kResponse.size()));
}

void write_response(State& state) {
  http::ResponseHead head;
  http::parse_response_head(kResponse, {}, http::Method::Get, head);
  std::array<char, 1024> out;
  for (auto _ : state) {
    DoNotOptimize(http::write_response_head(out.data(), head.status, head.reason, head.fields,
                                            head.body, http::ConnectionField::None));
  }
}

// `hosts` with 20 paths each, all asked for in turn.
void find_route(State& state) {
  constexpr int kPaths = 20;
  route::Table::Builder builder;
  std::deque<route::Route> routes;
  std::vector<std::string> hosts;
  std::vector<std::string> paths;
  for (int i = 0; i < kPaths; ++i) paths.push_back("/p" + std::to_string(i));
  for (int i = 0; i < state.range(0); ++i) {
    hosts.push_back("h" + std::to_string(i) + ".example.com");
    for (const std::string& path : paths) {
      const std::string below = path + "/*";
      if (builder.add({&hosts.back(), 1}, {&below, 1}, &routes.emplace_back())) std::abort();
    }
  }
  for (std::string& path : paths) path += "/some/thing";
  const route::Table table = builder.build();
  std::size_t at = 0;
  for (auto _ : state) {
    ++at;
    DoNotOptimize(table.find(hosts[at % hosts.size()], paths[at % paths.size()]));
  }
}

void pick_backend(State& state, conf::Policy policy) {
  std::vector<balancer::Pool::Address> addresses;
  for (int i = 0; i < state.range(0); ++i) addresses.push_back({"10.0.0.1:" + std::to_string(i)});
  balancer::BackendRegistry registry;
  conf::Pool options;
  options.policy = policy;
  const balancer::Pool pool("p", options, addresses, registry);
  const balancer::TimePoint now{};
  for (auto _ : state) {
    balancer::Tried tried;
    DoNotOptimize(pool.acquire(tried, now));
  }
}

observe::LogRecord some_record() {
  observe::LogRecord record;
  record.client = *IpAddress::parse("192.0.2.1");
  record.id = "0123456789abcdef0123456789abcdef";
  record.method = "GET";
  record.host = "www.example.com";
  record.target = "/assets/app/main.4f1c2d.js?v=3";
  record.user_agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";
  record.status = 200;
  record.bytes_out = 1024;
  record.route = "www.example.com/*";
  record.pool = "shop";
  record.backend = "10.0.0.1:8080";
  record.attempts = 1;
  record.total = std::chrono::microseconds(1234);
  record.end = "ok";
  return record;
}

void write_combined(State& state) {
  const observe::LogRecord record = some_record();
  for (auto _ : state) {
    observe::LogLine line;
    observe::format_combined(record, "24/Nov/2026:10:00:00 +0000", line);
    DoNotOptimize(line.view().data());
  }
}

void write_json(State& state) {
  const observe::LogRecord record = some_record();
  for (auto _ : state) {
    observe::LogLine line;
    observe::format_json(record, "2026-11-24T10:00:00", 7, line);
    DoNotOptimize(line.view().data());
  }
}

BENCHMARK_CAPTURE(parse_request, short, kShortRequest);
BENCHMARK_CAPTURE(parse_request, browser, kBrowserRequest);
BENCHMARK(parse_response);
BENCHMARK(write_response);
BENCHMARK(find_route)->Arg(1)->Arg(1000);
BENCHMARK_CAPTURE(pick_backend, round_robin, conf::Policy::RoundRobin)->Arg(3)->Arg(100);
BENCHMARK_CAPTURE(pick_backend, least_connections, conf::Policy::LeastConnections)
    ->Arg(3)
    ->Arg(100);
BENCHMARK(write_combined);
BENCHMARK(write_json);

}  // namespace

void measure_hot_path() {
  std::printf("\n");
  benchmark::RunSpecifiedBenchmarks();
}

}  // namespace sluice::bench
