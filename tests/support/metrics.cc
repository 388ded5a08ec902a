// SPDX-License-Identifier: MIT
#include "tests/support/metrics.h"

#include <fmt/format.h>

#include <sstream>

#include "tests/support/http_reader.h"

namespace sluice::support {
namespace {

std::string name_of(std::string_view series) {
  return std::string(series.substr(0, series.find('{')));
}

// The family of a sample: histograms have three kinds.
std::string family_of(const std::string& name, const std::map<std::string, std::string>& types) {
  if (types.contains(name)) return name;
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    std::string family = name.substr(0, name.size() - suffix.size());
    const auto type = types.find(family);
    if (type != types.end() && type->second == "histogram") return family;
  }
  return {};
}

class Account {
 public:
  explicit Account(const Metrics& metrics) : metrics_(metrics) {}

  double sum(const std::string& name) const { return metrics_.sum(name); }
  void equal(std::string_view what, double a, double b) {
    if (a != b) faults_ += fmt::format("{}: {} is not {}\n", what, a, b);
  }
  const std::string& faults() const { return faults_; }

 private:
  const Metrics& metrics_;
  std::string faults_;
};

std::string faults_of(const Metrics& metrics, AtRest at_rest) {
  Account account(metrics);
  const auto sum = [&account](const std::string& name) { return account.sum("sluice_" + name); };
  account.equal("connections accepted = open + closed", sum("client_connections_accepted_total"),
                sum("client_connections_open") + sum("client_connections_closed_total"));
  const double ended = sum("requests_total");
  account.equal("requests begun = in flight + ended", sum("requests_begun_total"),
                sum("requests_in_flight") + ended);
  account.equal("ended by word", sum("request_ends_total"), ended);
  account.equal("ended by route", sum("route_requests_total"), ended);
  const double tunnels_ended = sum("tunnels_ended_total");
  account.equal("ended by duration, and tunnels",
                sum("request_duration_seconds_count") + tunnels_ended, ended);
  account.equal("tunnels opened = open + ended", sum("tunnels_opened_total"),
                sum("tunnels_open") + tunnels_ended);
  if (at_rest == AtRest::No) return account.faults();
  for (const char* name : {"client_connections_open", "requests_in_flight", "tunnels_open",
                           "backend_requests_in_flight"}) {
    account.equal(name, sum(name), 0);
  }
  return account.faults();
}

}  // namespace

Metrics::Metrics(std::string_view text) {
  if (!text.ends_with('\n')) throw Failure("metrics without a newline at the end");
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) take_line(line);
}

void Metrics::take_line(std::string_view line) {
  if (line.starts_with("# HELP ")) return;
  if (line.starts_with("# TYPE ")) {
    const std::string_view rest = line.substr(7);
    const std::size_t space = rest.find(' ');
    const auto [at, is_new] = types_.emplace(rest.substr(0, space), rest.substr(space + 1));
    if (!is_new) throw Failure("a family that comes twice: " + at->first);
    return;
  }
  const std::size_t space = line.rfind(' ');
  if (space == std::string_view::npos) throw Failure("no sample: " + std::string(line));
  const std::string series(line.substr(0, space));
  if (family_of(name_of(series), types_).empty()) throw Failure("no TYPE before " + series);
  const double number = std::stod(std::string(line.substr(space + 1)));
  if (!samples_.emplace(series, number).second) throw Failure("a sample twice: " + series);
}

double Metrics::value(const std::string& series) const {
  const auto found = samples_.find(series);
  if (found == samples_.end()) throw Failure("no metric " + series);
  return found->second;
}

double Metrics::sum(const std::string& name) const {
  double sum = 0;
  bool any = false;
  for (const auto& [series, number] : samples_) {
    if (name_of(series) != name) continue;
    sum += number;
    any = true;
  }
  // A family of backends has no sample where there are none.
  if (!any && !types_.contains(name)) throw Failure("no metric " + name);
  return sum;
}

Metrics scrape(const SluiceProcess& sluice) {
  RawClient client = sluice.connect_admin();
  client.send("GET /metrics HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
  const Response response = read_response(client);
  if (response.status != 200) throw Failure("/metrics: " + response.start_line);
  return Metrics(response.body);
}

void wait_for_metric(const SluiceProcess& sluice, const std::string& series, double value,
                     Deadline deadline) {
  double seen = scrape(sluice).value(series);
  while (seen != value) {
    if (deadline.expired()) {
      throw Failure(series + " is " + std::to_string(seen) + ", not " + std::to_string(value));
    }
    seen = scrape(sluice).value(series);
  }
}

std::string metrics_add_up(const SluiceProcess& sluice, AtRest at_rest, Deadline deadline) {
  for (;;) {
    std::string faults = faults_of(scrape(sluice), at_rest);
    if (faults.empty() || deadline.expired()) return faults;
  }
}

}  // namespace sluice::support
