// SPDX-License-Identifier: MIT
#include "proxy/access/limit_fields.h"

#include <algorithm>
#include <charconv>

#include "proxy/base/check.h"

namespace sluice::access {

namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kMaxInteger = 999'999'999'999'999;  // of a structured field

std::uint64_t whole_seconds(nanoseconds time) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(time).count(), 0));
}

class Writer {
 public:
  explicit Writer(LimitFieldBuffer out) : out_(out) {}

  Writer& text(std::string_view text) {
    text.copy(out_.data() + size_, text.size());
    size_ += text.size();
    return *this;
  }
  Writer& number(std::uint64_t value) {
    char* const at = out_.data() + size_;
    const auto written = std::to_chars(at, out_.data() + out_.size(), std::min(value, kMaxInteger));
    size_ += static_cast<std::size_t>(written.ptr - at);
    return *this;
  }
  Writer& name(std::string_view name) {
    CHECK(is_policy_name(name));
    return text("\"").text(name).text("\"");
  }
  std::string_view written() const { return {out_.data(), size_}; }

 private:
  LimitFieldBuffer out_;
  std::size_t size_ = 0;
};

}  // namespace

bool is_policy_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxPolicyName &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

std::string_view write_retry_after(LimitFieldBuffer out, nanoseconds wait) {
  return Writer(out).number(std::max<std::uint64_t>(whole_seconds(wait), 1)).written();
}

std::string_view write_rate_limit_policy(LimitFieldBuffer out, std::string_view name,
                                         std::uint64_t quota, nanoseconds window) {
  const std::uint64_t seconds = std::max<std::uint64_t>(whole_seconds(window), 1);
  return Writer(out).name(name).text(";q=").number(quota).text(";w=").number(seconds).written();
}

std::string_view write_rate_limit(LimitFieldBuffer out, std::string_view name,
                                  std::uint64_t remaining, nanoseconds reset) {
  Writer writer(out);
  writer.name(name).text(";r=").number(remaining);
  return writer.text(";t=").number(whole_seconds(reset)).written();
}

}  // namespace sluice::access
