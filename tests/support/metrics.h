// SPDX-License-Identifier: MIT
// What the metrics of a SluiceProcess say, read through its admin listener, and whether they add
// up.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tests/support/deadline.h"
#include "tests/support/sluice_process.h"

namespace sluice::support {

// One scrape. Whatever is not in the text format, version 0.0.4, is a Failure: samples without a
// HELP and TYPE before them, a family that comes twice, a sample that does.
class Metrics {
 public:
  explicit Metrics(std::string_view text);

  // Of one series, written as in the text: `sluice_requests_total{status="2xx"}`. Fails if there is
  // none.
  double value(const std::string& series) const;
  bool has(const std::string& series) const { return samples_.contains(series); }
  // Of all series of that name, whatever their labels.
  double sum(const std::string& name) const;

 private:
  void take_line(std::string_view line);

  std::map<std::string, std::string> types_;
  std::map<std::string, double> samples_;
};

Metrics scrape(const SluiceProcess& sluice);

// Scrapes until the series has that value.
void wait_for_metric(const SluiceProcess& sluice, const std::string& series, double value,
                     Deadline deadline = {});

enum class AtRest { No, Yes };  // whether nothing may be open or in flight

// Empty when what was begun has ended or is in flight, and every end was counted once under each of
// its labels; else what does not add up. Gives a request that is just ending until the deadline.
std::string metrics_add_up(const SluiceProcess& sluice, AtRest at_rest = AtRest::No,
                           Deadline deadline = {});

}  // namespace sluice::support
