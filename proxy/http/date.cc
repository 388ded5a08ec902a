// SPDX-License-Identifier: MIT
#include "proxy/http/date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "proxy/http/chars.h"
#include "proxy/http/headers.h"

namespace sluice::http {
namespace {

using std::chrono::sys_days;

constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int64_t kFirstSecond = -62167219200;  // 0000-01-01 00:00:00
constexpr std::int64_t kLastSecond = 253402300799;   // 9999-12-31 23:59:59
constexpr int kCenturyWindow = 50;                   // years

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Moment {
  int year = 0;
  unsigned month = 0;  // 1..12
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

std::int64_t floor_days(std::int64_t seconds) {
  return std::chrono::floor<std::chrono::days>(std::chrono::seconds(seconds)).count();
}

std::chrono::year_month_day date_of(std::int64_t seconds) {
  return sys_days(std::chrono::days(floor_days(seconds)));
}

std::optional<std::int64_t> to_seconds(const Moment& m) {
  const std::chrono::year_month_day date{std::chrono::year(m.year), std::chrono::month(m.month),
                                         std::chrono::day(m.day)};
  // 60 is a leap second; POSIX time has no place for it, so it is the next second.
  if (!date.ok() || m.hour > 23 || m.minute > 59 || m.second > 60) return std::nullopt;
  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  return days * kSecondsPerDay + m.hour * 3600 + m.minute * 60 + m.second;
}

// Whether the text begins with that, in any case (RFC 9111 4.2).
bool begins_with(std::string_view text, std::string_view word) {
  return iequals(text.substr(0, word.size()), word);
}

// Takes the parts of a date off the front of a text; once one is missing, ok() stays false.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

  void literal(std::string_view expected) {
    if (!begins_with(rest_, expected)) return fail();
    rest_.remove_prefix(expected.size());
  }

  unsigned digits(std::size_t count) {
    unsigned value = 0;
    if (rest_.size() < count) return fail(), 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_class(rest_[i], char_class::kDigit)) return fail(), 0;
      value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  // asctime pads its day with a space.
  unsigned padded_day() {
    if (!rest_.starts_with(' ')) return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }

  unsigned month() {
    for (unsigned i = 0; i < kMonths.size(); ++i) {
      if (!begins_with(rest_, kMonths[i])) continue;
      rest_.remove_prefix(kMonths[i].size());
      return i + 1;
    }
    return fail(), 0;
  }

  void time(Moment& m) {
    m.hour = digits(2);
    literal(":");
    m.minute = digits(2);
    literal(":");
    m.second = digits(2);
  }

 private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

std::optional<std::int64_t> finish(const Reader& reader, const Moment& m) {
  if (!reader.at_end()) return std::nullopt;
  return to_seconds(m);
}

// "Sun, 06 Nov 1994 08:49:37 GMT", from the comma on.
std::optional<std::int64_t> parse_imf(std::string_view text) {
  Reader reader(text);
  Moment m;
  reader.literal(", ");
  m.day = reader.digits(2);
  reader.literal(" ");
  m.month = reader.month();
  reader.literal(" ");
  m.year = static_cast<int>(reader.digits(4));
  reader.literal(" ");
  reader.time(m);
  reader.literal(" GMT");
  return finish(reader, m);
}

// "Sunday, 06-Nov-94 08:49:37 GMT", from the comma on.
std::optional<std::int64_t> parse_rfc850(std::string_view text, std::int64_t now) {
  Reader reader(text);
  Moment m;
  reader.literal(", ");
  m.day = reader.digits(2);
  reader.literal("-");
  m.month = reader.month();
  reader.literal("-");
  const int year = static_cast<int>(reader.digits(2));
  reader.literal(" ");
  reader.time(m);
  reader.literal(" GMT");
  const int latest = static_cast<int>(date_of(now).year()) + kCenturyWindow;
  m.year = latest - (latest - year) % 100;
  return finish(reader, m);
}

// "Sun Nov  6 08:49:37 1994", from the first space on.
std::optional<std::int64_t> parse_asctime(std::string_view text) {
  Reader reader(text);
  Moment m;
  reader.literal(" ");
  m.month = reader.month();
  reader.literal(" ");
  m.day = reader.padded_day();
  reader.literal(" ");
  reader.time(m);
  reader.literal(" ");
  m.year = static_cast<int>(reader.digits(4));
  return finish(reader, m);
}

void put_digits(char* out, int count, unsigned value) {
  for (char* p = out + count; p != out; value /= 10) *--p = static_cast<char>('0' + value % 10);
}

}  // namespace

void write_http_date(char* out, std::int64_t seconds) {
  seconds = std::clamp(seconds, kFirstSecond, kLastSecond);
  const std::int64_t days = floor_days(seconds);
  const std::chrono::year_month_day date = date_of(seconds);
  const unsigned weekday = std::chrono::weekday(sys_days{date}).c_encoding();
  const auto of_day = static_cast<unsigned>(seconds - days * kSecondsPerDay);
  std::memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", kHttpDateSize);
  std::memcpy(out, kDays[weekday].data(), 3);
  put_digits(out + 5, 2, static_cast<unsigned>(date.day()));
  std::memcpy(out + 8, kMonths[static_cast<unsigned>(date.month()) - 1].data(), 3);
  put_digits(out + 12, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put_digits(out + 17, 2, of_day / 3600);
  put_digits(out + 20, 2, of_day / 60 % 60);
  put_digits(out + 23, 2, of_day % 60);
}

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now) {
  for (const std::string_view day : kDays) {
    const std::string_view abbreviated = day.substr(0, 3);
    if (!begins_with(text, abbreviated)) continue;
    if (begins_with(text, day)) return parse_rfc850(text.substr(day.size()), now);
    const std::string_view rest = text.substr(abbreviated.size());
    return rest.starts_with(',') ? parse_imf(rest) : parse_asctime(rest);
  }
  return std::nullopt;
}

}  // namespace sluice::http
