// SPDX-License-Identifier: MIT
// Durations, sizes and rates: what is read is printed so that it reads as the same value.
#include <string>
#include <string_view>

#include "conf/units.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"

namespace sluice::fuzz {
namespace {

// The patterns in the JSON Schema allow what the parsers accept: digits and a unit.
void check_shape(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  MUST(digits != 0 && digits != text.npos);
  MUST(text.substr(digits).size() <= 3);
}

void check_sentence(const Error& error) {
  MUST(!error.what.empty() && error.where.empty());
}

}  // namespace

void units(std::string_view bytes) {
  if (const auto duration = conf::parse_duration(bytes)) {
    check_shape(bytes);
    MUST(duration->count() >= 0);
    const auto again = conf::parse_duration(conf::print(*duration));
    MUST(again && *again == *duration);
  } else {
    check_sentence(duration.error());
  }
  if (const auto size = conf::parse_bytes(bytes)) {
    check_shape(bytes);
    const auto again = conf::parse_bytes(conf::print_bytes(*size));
    MUST(again && *again == *size);
  } else {
    check_sentence(size.error());
  }
  if (const auto rate = conf::parse_rate(bytes)) {
    check_shape(bytes);
    const auto again = conf::parse_rate(conf::print(*rate));
    MUST(again && *again == *rate);
    MUST(conf::length(rate->period).count() > 0);
  } else {
    check_sentence(rate.error());
  }
}

}  // namespace sluice::fuzz
