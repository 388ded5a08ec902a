// SPDX-License-Identifier: MIT
#include "proxy/net/name_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::net {

namespace {

using Outcome = Resolver::Outcome;

}  // namespace

std::chrono::milliseconds RetryDelays::after(unsigned failures) const {
  std::chrono::milliseconds delay = first;
  for (unsigned i = 1; i < failures && delay < longest; ++i) delay *= 2;
  return std::min(delay, longest);
}

// One host. Both families are asked for together, and looked at when both are answered.
class NameWatch::Entry {
 public:
  Entry(NameWatch& watch, std::string_view host, std::vector<IpAddress> last)
      : watch_(watch),
        host_(host),
        timer_(watch.loop_.timers(), Timer::Callback::of<&Entry::ask>(this)),
        addresses_(std::move(last)) {
    ask();
  }

  const std::string& host() const { return host_; }
  const std::vector<IpAddress>& addresses() const { return addresses_; }
  bool settled() const { return !addresses_.empty() || !error_.empty(); }

 private:
  struct Part {
    IpFamily family;
    std::string_view name;
    Resolver::Query query{};
    Resolver::Answer answer{};
  };

  void ask() {
    for (Part& part : parts_) {
      part.query = watch_.resolver_->resolve(host_, part.family, [this, &part](auto answer) {
        part.answer = std::move(answer);
        on_answer();
      });
    }
  }

  void on_answer() {
    for (const Part& part : parts_) {
      if (part.query.pending()) return;
    }
    std::vector<IpAddress> found = addresses_found();
    if (found.empty()) found = addresses_;
    std::string error = error_found();
    failures_ = error.empty() ? 0 : failures_ + 1;
    timer_.set(watch_.loop_.now() + (error.empty() ? ttl() : watch_.delays_.after(failures_)));
    const bool has_changed = found != addresses_;
    const bool has_failed = !error.empty() && error != error_;
    addresses_ = std::move(found);
    error_ = std::move(error);
    if (has_changed) watch_.owner_->on_changed(host_, addresses_);
    if (has_failed) watch_.owner_->on_failed(host_, error_, !addresses_.empty());
  }

  // A family that could not be asked for has those that it had.
  std::vector<IpAddress> addresses_found() const {
    std::vector<IpAddress> found;
    for (const Part& part : parts_) {
      const bool failed = part.answer.outcome == Outcome::Failed;
      for (const IpAddress& ip : failed ? addresses_ : part.answer.addresses) {
        if (!failed || ip.family == part.family) found.push_back(ip);
      }
    }
    std::ranges::sort(found, {}, &IpAddress::bytes);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }

  // Empty when both families are known, and one has addresses.
  std::string error_found() const {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      if (part.answer.outcome != Outcome::Failed) continue;
      const bool alone = parts_[1 - i].answer.outcome == Outcome::Found;
      return alone ? fmt::format("{} ({} alone)", part.answer.error, part.name) : part.answer.error;
    }
    const bool has_any = std::ranges::any_of(
        parts_, [](const Part& part) { return part.answer.outcome == Outcome::Found; });
    return has_any ? std::string() : parts_[0].answer.error;
  }

  std::chrono::milliseconds ttl() const {
    auto ttl = std::chrono::milliseconds::max();
    for (const Part& part : parts_) {
      if (part.answer.outcome == Outcome::Found) ttl = std::min(ttl, part.answer.ttl);
    }
    return ttl;
  }

  NameWatch& watch_;
  const std::string host_;
  Timer timer_;
  std::array<Part, 2> parts_{Part{IpFamily::V4, "IPv4"}, Part{IpFamily::V6, "IPv6"}};
  std::vector<IpAddress> addresses_;
  std::string error_;
  unsigned failures_ = 0;  // in a row
};

NameWatch::NameWatch(EventLoop& loop, std::unique_ptr<Resolver> resolver,
                     std::span<const std::string> hosts, const HostAddresses& last, Owner* owner,
                     RetryDelays delays)
    : loop_(loop), resolver_(std::move(resolver)), owner_(owner), delays_(delays) {
  for (const std::string& host : hosts) {
    const auto known = last.find(host);
    entries_.push_back(std::make_unique<Entry>(
        *this, host, known == last.end() ? std::vector<IpAddress>() : known->second));
  }
}

NameWatch::~NameWatch() = default;

HostAddresses NameWatch::addresses() const {
  HostAddresses all;
  for (const auto& entry : entries_) {
    if (!entry->addresses().empty()) all.emplace(entry->host(), entry->addresses());
  }
  return all;
}

bool NameWatch::settled() const {
  return std::ranges::all_of(entries_, [](const auto& entry) { return entry->settled(); });
}

}  // namespace sluice::net
