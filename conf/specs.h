// SPDX-License-Identifier: MIT
// What may stand at a key of the configuration: the type of a spec says how a member is written in
// JSON, its values narrow that down. conf/fields.h gives every key one of these.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "conf/config.h"

namespace sluice::conf {

// A string. What it must look like beyond that is a matter of check.cc.
struct Text {
  bool required = false;
  bool free = false;           // may hold control characters (a body)
  std::string_view example{};  // for the reference
};

// true or false.
struct Flag {};

// Where this is the word for 0, the number 0 may stand, too. What "auto" chooses is not none.
inline constexpr std::string_view kOff = "off";

// A whole number; `word`, when there is one, is a string that stands for 0.
struct Whole {
  std::int64_t min;
  std::int64_t max;
  std::string_view word{};
};

// One of a few whole numbers.
struct OneOf {
  std::array<int, 5> values;
};

// A string as "30s"; `word` stands for none.
struct Timespan {
  Duration min;
  Duration max;
  std::string_view word{};
};

// A string as "64KiB"; `word` stands for 0.
struct Size {
  Bytes min;
  Bytes max;
  std::string_view word{};
};

// A string as "100/s"; `word` stands for no limit.
struct Frequency {
  std::uint64_t max;
  std::string_view word{};
};

// One of a few strings.
template <typename E>
struct Name {
  std::string_view word;
  E value;
};
template <typename E, std::size_t N>
struct Choice {
  std::array<Name<E>, N> names;
};

struct Strings {
  bool or_one = false;  // a single string may stand for a list of one
  std::string_view example{};
};
struct StringMap {};

struct Object {
  std::string_view example{};
};
struct Objects {
  bool required = false;
  std::string_view shorthand{};  // a string may stand for an element with only this key
};
struct NamedObjects {
  bool required = false;
};

inline constexpr Choice<TlsVersion, 2> kTlsVersions{
    {{{"1.2", TlsVersion::Tls12}, {"1.3", TlsVersion::Tls13}}}};
inline constexpr Choice<Policy, 2> kPolicies{
    {{{"round_robin", Policy::RoundRobin}, {"least_connections", Policy::LeastConnections}}}};
inline constexpr Choice<AccessLogFormat, 3> kAccessLogFormats{
    {{{"combined", AccessLogFormat::Combined},
      {"json", AccessLogFormat::Json},
      {"off", AccessLogFormat::Off}}}};
inline constexpr Choice<LogLevel, 4> kLogLevels{{{{"error", LogLevel::Error},
                                                  {"warn", LogLevel::Warn},
                                                  {"info", LogLevel::Info},
                                                  {"debug", LogLevel::Debug}}}};
inline constexpr Choice<DenyWith, 2> kDenyWith{
    {{{"403", DenyWith::Status}, {"drop", DenyWith::Drop}}}};
inline constexpr Choice<ClientHeader, 2> kClientHeaders{
    {{{"X-Forwarded-For", ClientHeader::XForwardedFor}, {"Forwarded", ClientHeader::Forwarded}}}};
inline constexpr OneOf kRedirectStatuses{{301, 302, 303, 307, 308}};

// Floors keep out what can only be a slip; ceilings, what would never take effect.
inline constexpr Timespan kTimeout{std::chrono::milliseconds(1), std::chrono::hours(24)};
inline constexpr Timespan kOptionalTimeout{kTimeout.min, kTimeout.max, kOff};
inline constexpr Timespan kAllowance{std::chrono::milliseconds(0), std::chrono::days(365)};
inline constexpr Bytes kKiB = 1024;
inline constexpr Bytes kMiB = 1024 * kKiB;

// `T` is S or const S: printing visits constant objects.
template <typename T, typename S>
concept Is = std::same_as<std::remove_const_t<T>, S>;

}  // namespace sluice::conf
