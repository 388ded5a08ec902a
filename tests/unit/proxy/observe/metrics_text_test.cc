// SPDX-License-Identifier: MIT
#include "proxy/observe/metrics_text.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/metrics.h"

namespace sluice::observe {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics text: a family is HELP, TYPE and its samples, and comes once",
          "[observe][metrics]") {
  Scrape scrape;
  scrape.totals.by_status[status_class(200)] = 7;
  const std::string text = metrics_text(scrape);
  const std::size_t help = text.find("\n# HELP sluice_requests_total Requests that have ended");
  const std::size_t type = text.find("\n# TYPE sluice_requests_total counter\n");
  const std::size_t sample = text.find("\nsluice_requests_total{status=\"2xx\"} 7\n");
  CHECK(help < type);
  CHECK(type < sample);
  CHECK(sample != std::string::npos);
  CHECK_NOTHROW(support::Metrics(text));  // judges the rest
}

TEST_CASE("metrics text: counters are written whole, however large", "[observe][metrics]") {
  Scrape scrape;
  scrape.totals.response_bytes = 18'446'744'073'709'551'615U;
  CHECK(has_line(metrics_text(scrape), "sluice_response_body_bytes_total 18446744073709551615"));
}

TEST_CASE("metrics text: the buckets of a histogram are cumulative, in seconds",
          "[observe][metrics]") {
  Scrape scrape;
  scrape.totals.durations[0] = 1;
  scrape.totals.durations[1] = 2;
  scrape.totals.durations[kDurationBounds.size()] = 4;
  scrape.totals.duration_microseconds = 250'500'000;
  const std::string text = metrics_text(scrape);
  CHECK(has_line(text, "sluice_request_duration_seconds_bucket{le=\"0.0005\"} 1"));
  CHECK(has_line(text, "sluice_request_duration_seconds_bucket{le=\"0.001\"} 3"));
  CHECK(has_line(text, "sluice_request_duration_seconds_bucket{le=\"60\"} 3"));
  CHECK(has_line(text, "sluice_request_duration_seconds_bucket{le=\"+Inf\"} 7"));
  CHECK(has_line(text, "sluice_request_duration_seconds_sum 250.5"));
  CHECK(has_line(text, "sluice_request_duration_seconds_count 7"));
}

TEST_CASE("metrics text: ends that share a word are one series", "[observe][metrics]") {
  using exchange::Kind;
  using exchange::Side;
  Scrape scrape;
  scrape.totals.by_end[end_index({Side::Client, Kind::MethodRefused})] = 2;
  scrape.totals.by_end[end_index({Side::Client, Kind::ReadOnly})] = 3;
  const std::string text = metrics_text(scrape);
  CHECK(has_line(text, "sluice_request_ends_total{end=\"method_refused\"} 5"));
  CHECK(has_line(text, "sluice_request_ends_total{end=\"bare_lf\"} 0"));
  CHECK(text.find("{end=\"none\"}") == std::string::npos);
}

TEST_CASE("metrics text: a backend's bad message without a reason is counted all the same",
          "[observe][metrics]") {
  Scrape scrape;
  scrape.totals.by_end[end_index({exchange::Side::Backend, exchange::Kind::BadResponse})] = 1;
  CHECK(support::Metrics(metrics_text(scrape)).sum("sluice_request_ends_total") == 1);
}

TEST_CASE("metrics text: names from the configuration cannot break a label", "[observe][metrics]") {
  CHECK(escape_label("a\\b\"c\nd") == R"(a\\b\"c\nd)");
  Scrape scrape;
  scrape.routes.push_back({"*/\"} 1\nx", {}});
  scrape.routes.back().by_status[2] = 9;
  scrape.backends.push_back(
      {.pool = "p", .address = "unix:/a\"b", .requests = 1, .failures = 0, .in_flight = 0});
  const std::string text = metrics_text(scrape);
  CHECK(has_line(text, R"(sluice_route_requests_total{route="*/\"} 1\nx",status="2xx"} 9)"));
  CHECK(has_line(text, R"(sluice_backend_requests_total{pool="p",backend="unix:/a\"b"} 1)"));
}

}  // namespace sluice::observe
