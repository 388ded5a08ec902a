// SPDX-License-Identifier: MIT
#include "conf/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "conf/path.h"

namespace sluice::conf {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t kSecond = 1000;
constexpr std::uint64_t kKibi = 1024;
constexpr std::uint64_t kKilo = 1000;

// From large to small: printing takes the first that divides.
constexpr std::array<Unit, 5> kDurationUnits{{{"d", 24 * 3600 * kSecond},
                                              {"h", 3600 * kSecond},
                                              {"m", 60 * kSecond},
                                              {"s", kSecond},
                                              {"ms", 1}}};
constexpr std::array<Unit, 9> kByteUnits{{{"TiB", kKibi* kKibi* kKibi* kKibi},
                                          {"TB", kKilo* kKilo* kKilo* kKilo},
                                          {"GiB", kKibi* kKibi* kKibi},
                                          {"GB", kKilo* kKilo* kKilo},
                                          {"MiB", kKibi* kKibi},
                                          {"MB", kKilo* kKilo},
                                          {"KiB", kKibi},
                                          {"KB", kKilo},
                                          {"B", 1}}};

struct PeriodName {
  std::string_view name;
  Period value;
};
constexpr std::array<PeriodName, 3> kPeriods{
    {{"s", Period::Second}, {"m", Period::Minute}, {"h", Period::Hour}}};

Error sentence(std::string what) {
  return Error{{}, std::move(what)};
}

struct Split {
  std::string_view number;  // leading digits
  std::string_view rest;
};

Split split(std::string_view text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  return {text.substr(0, end), text.substr(end)};
}

std::optional<std::uint64_t> to_number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

template <std::size_t N>
std::vector<std::string_view> names(const std::array<Unit, N>& units) {
  std::vector<std::string_view> out;
  out.reserve(N);
  for (const Unit& unit : units) out.push_back(unit.name);
  return out;
}

template <std::size_t N>
Result<std::uint64_t> parse(std::string_view text, const std::array<Unit, N>& units,
                            std::uint64_t limit) {
  const auto [number, rest] = split(text);
  if (number.empty())
    return sentence(fmt::format("{} does not begin with a number", in_quotes(text)));
  if (rest.empty()) return sentence(fmt::format("{} has no unit", in_quotes(text)));
  if (rest.front() == '.') {
    return sentence(fmt::format("{} is not a whole number with a unit", in_quotes(text)));
  }
  for (const Unit& unit : units) {
    if (unit.name != rest) continue;
    const std::optional<std::uint64_t> value = to_number(number);
    if (!value || *value > limit / unit.factor) {
      return sentence(fmt::format("{} is too large", in_quotes(text)));
    }
    return *value * unit.factor;
  }
  return sentence(fmt::format("{} has the unknown unit {} (units: {})", in_quotes(text),
                              in_quotes(rest), fmt::join(names(units), ", ")));
}

template <std::size_t N>
std::string print_as(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return fmt::format("{}{}", value / unit.factor, unit.name);
    }
  }
  return fmt::format("0{}", units.back().name);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  using Count = Duration::rep;
  const auto limit = static_cast<std::uint64_t>(std::numeric_limits<Count>::max());
  const Result<std::uint64_t> value = parse(text, kDurationUnits, limit);
  if (!value) return value.error();
  return Duration(static_cast<Count>(*value));
}

std::string print(Duration duration) {
  return print_as(static_cast<std::uint64_t>(duration.count()), kDurationUnits);
}

Result<Bytes> parse_bytes(std::string_view text) {
  return parse(text, kByteUnits, std::numeric_limits<Bytes>::max());
}

std::string print_bytes(Bytes bytes) {
  return print_as(bytes, kByteUnits);
}

Result<Rate> parse_rate(std::string_view text) {
  const auto [number, rest] = split(text);
  const std::optional<std::uint64_t> events = to_number(number);
  if (number.empty())
    return sentence(fmt::format("{} does not begin with a number", in_quotes(text)));
  if (!events) return sentence(fmt::format("{} is too large", in_quotes(text)));
  if (rest.empty() || rest.front() != '/') {
    return sentence(fmt::format("{} has no period", in_quotes(text)));
  }
  for (const PeriodName& period : kPeriods) {
    if (period.name == rest.substr(1)) return Rate{*events, period.value};
  }
  return sentence(fmt::format("{} has the unknown period {} (periods: s, m, h)", in_quotes(text),
                              in_quotes(rest.substr(1))));
}

std::string print(const Rate& rate) {
  for (const PeriodName& period : kPeriods) {
    if (period.value == rate.period) return fmt::format("{}/{}", rate.events, period.name);
  }
  return {};
}

Duration length(Period period) {
  switch (period) {
    case Period::Second:
      break;
    case Period::Minute:
      return std::chrono::minutes(1);
    case Period::Hour:
      return std::chrono::hours(1);
  }
  return std::chrono::seconds(1);
}

}  // namespace sluice::conf
