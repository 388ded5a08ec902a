// SPDX-License-Identifier: MIT
// The rows of the policy's tests write messages as text, a field to a line ("Age: 5\nDate: -5").
// Dates are seconds from kNow; what is no such number is a date that cannot be read. A line without
// a colon is a method or a status; GET and 200 need none.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/policy.h"

namespace sluice::cache {

inline constexpr Time kNow = 1'700'000'000;

class Message {
 public:
  explicit Message(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      const std::size_t colon = line.find(": ");
      if (colon == std::string_view::npos) {
        start_ = line;
      } else {
        fields_.emplace_back(line.substr(0, colon), line.substr(colon + 2));
      }
    }
  }

  std::string_view start() const { return start_; }
  bool has(std::string_view name) const { return !values(name).empty(); }
  std::vector<std::string_view> values(std::string_view name) const {
    std::vector<std::string_view> out;
    for (const auto& [field, value] : fields_) {
      if (field == name) out.push_back(value);
    }
    return out;
  }
  Date date(std::string_view name) const {
    Date out;
    for (const std::string_view value : values(name)) out = earliest(out, read_date(value));
    return out;
  }

 private:
  static Date read_date(std::string_view text) {
    Time offset = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? Date::at(kNow + offset) : Date::malformed();
  }

  std::string_view start_;
  std::vector<std::pair<std::string_view, std::string_view>> fields_;
};

inline RequestFacts read_request(std::string_view text) {
  const Message message(text);
  RequestFacts facts;
  if (message.start() == "HEAD") facts.method = Method::Head;
  if (message.start() == "OPTIONS") facts.method = Method::Safe;
  if (message.start() == "POST") facts.method = Method::Unsafe;
  facts.control = request_control(message.values("Cache-Control"), message.values("Pragma"));
  facts.has_authorization = message.has("Authorization");
  return facts;
}

// The head came at kNow, `delay` seconds after the request had left.
inline Judgement judge(std::string_view request, std::string_view response,
                       const Options& options = {}, Time delay = 0) {
  const Message message(response);
  const auto cache_control = message.values("Cache-Control");
  const auto targeted = message.values("CDN-Cache-Control");
  const auto age = message.values("Age");
  const auto vary = message.values("Vary");
  ResponseFacts facts;
  facts.status = message.start().empty() ? 200 : std::stoi(std::string(message.start()));
  facts.cache_control = cache_control;
  facts.cdn_cache_control = targeted;
  facts.age = age;
  facts.vary = vary;
  facts.date = message.date("Date");
  facts.expires = message.date("Expires");
  facts.last_modified = message.date("Last-Modified");
  facts.has_etag = message.has("ETag");
  facts.has_set_cookie = message.has("Set-Cookie");
  return judge_response(read_request(request), facts, options, kNow - delay, kNow);
}

}  // namespace sluice::cache
