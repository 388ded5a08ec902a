// SPDX-License-Identifier: MIT
#include "proxy/net/name_watch.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace sluice::net {

namespace {

struct HostPort {
  std::string_view host;
  std::uint16_t port = 0;
};

// A host of "" when the text is not "host:port", for which the resolver has words. An IPv6 address
// stands in brackets.
HostPort split(std::string_view name) {
  std::size_t colon = name.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view digits = name.substr(colon + 1);
  HostPort out{name.substr(0, colon), 0};
  const char* digits_end = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), digits_end, out.port);
  if (error != std::errc() || end != digits_end) return {};
  bool bracketed = out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']';
  if (bracketed) out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

}  // namespace

std::chrono::milliseconds RetryDelays::after(unsigned failures) const {
  std::chrono::milliseconds delay = first;
  for (unsigned i = 1; i < failures && delay < longest; ++i) delay *= 2;
  return std::min(delay, longest);
}

// One name. Its callbacks may be told to forget it, so each of them ends with telling the owner.
class NameWatch::Entry {
 public:
  Entry(NameWatch& watch, std::string_view name)
      : watch_(watch),
        name_(name),
        timer_(watch.loop_.timers(), Timer::Callback::of<&Entry::ask>(this)) {
    ask();
  }

  const std::vector<Address>& addresses() const { return addresses_; }
  const std::string& error() const { return error_; }

 private:
  void ask() {
    const auto [host, port] = split(name_);
    query_ = watch_.resolver_.resolve(
        host, port, [this](Resolver::Answer answer) { on_answer(std::move(answer)); });
  }

  void on_answer(Resolver::Answer answer) {
    if (!answer.error.empty()) return on_failure(std::move(answer.error));
    failures_ = 0;
    error_.clear();
    timer_.set(watch_.loop_.now() + answer.ttl);
    if (answer.addresses == addresses_) return;
    addresses_ = std::move(answer.addresses);
    watch_.owner_->on_changed(name_, addresses_);
  }

  void on_failure(std::string error) {
    timer_.set(watch_.loop_.now() + watch_.delays_.after(++failures_));
    if (error == error_) return;
    error_ = std::move(error);
    watch_.owner_->on_failed(name_, error_);
  }

  NameWatch& watch_;
  const std::string name_;
  Timer timer_;
  Resolver::Query query_;
  std::vector<Address> addresses_;
  std::string error_;
  unsigned failures_ = 0;  // in a row
};

NameWatch::NameWatch(EventLoop& loop, Resolver& resolver, Owner* owner, RetryDelays delays)
    : loop_(loop), resolver_(resolver), owner_(owner), delays_(delays) {}

NameWatch::~NameWatch() = default;

void NameWatch::set_names(std::span<const std::string> names) {
  decltype(entries_) wanted;
  for (const std::string& name : names) {
    if (wanted.contains(name)) continue;
    auto known = entries_.extract(name);
    if (known.empty()) {
      wanted.emplace(name, std::make_unique<Entry>(*this, name));
    } else {
      wanted.insert(std::move(known));
    }
  }
  entries_ = std::move(wanted);
}

std::span<const Address> NameWatch::addresses(std::string_view name) const {
  auto entry = entries_.find(name);
  if (entry == entries_.end()) return {};
  return entry->second->addresses();
}

std::string_view NameWatch::error(std::string_view name) const {
  auto entry = entries_.find(name);
  return entry == entries_.end() ? std::string_view() : entry->second->error();
}

}  // namespace sluice::net
