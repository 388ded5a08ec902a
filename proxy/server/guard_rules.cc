// SPDX-License-Identifier: MIT
#include "proxy/server/guard_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "conf/files.h"
#include "conf/units.h"
#include "proxy/access/list_file.h"

namespace sluice::server {

namespace {

using access::Listed;

class ListCompiler {
 public:
  explicit ListCompiler(ListFiles& files) : files_(files) {}

  std::optional<Error> add(const std::vector<std::string>& list, std::string place,
                           Listed verdict) {
    access::ListSource inline_source{
        .name = std::move(place), .is_file = false, .verdict = verdict, .entries = {}};
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto index = static_cast<std::uint32_t>(i);
      if (list[i].starts_with(conf::kListFile)) {
        if (auto error = add_file(list[i].substr(conf::kListFile.size()), verdict)) return error;
      } else if (!access::append_blocks(list[i], index, inline_source.entries)) {
        return Error{fmt::format("{}[{}]", inline_source.name, i), "is no CIDR block"};
      }
    }
    sources_.push_back(std::move(inline_source));
    return std::nullopt;
  }

  Result<access::IpList> build() const { return access::IpList::build(sources_); }

 private:
  std::optional<Error> add_file(const std::string& path, Listed verdict) {
    auto file = access::read_list(path);
    if (!file) return file.error();
    files_[path] = file->stamp;
    sources_.push_back(
        {.name = path, .is_file = true, .verdict = verdict, .entries = std::move(file->entries)});
    return std::nullopt;
  }

  ListFiles& files_;
  std::vector<access::ListSource> sources_;
};

access::TriggerRule trigger_of(const conf::Rate& rate) {
  return {.count = static_cast<std::uint16_t>(rate.events), .window = conf::length(rate.period)};
}

std::uint64_t burst_of(const conf::RateLimit& limit) {
  if (limit.burst > 0) return static_cast<std::uint64_t>(limit.burst);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(length(limit.rate.period));
  return std::max<std::uint64_t>(limit.rate.events / static_cast<std::uint64_t>(seconds.count()),
                                 1);
}

}  // namespace

Result<access::IpList> compile_lists(const conf::AccessLists& lists, std::string_view place,
                                     ListFiles& files) {
  ListCompiler compiler(files);
  if (auto error = compiler.add(lists.allow, fmt::format("{}.allow", place), Listed::Allow)) {
    return *error;
  }
  if (auto error = compiler.add(lists.deny, fmt::format("{}.deny", place), Listed::Deny)) {
    return *error;
  }
  return compiler.build();
}

std::optional<Error> check_lists(const conf::Config& config) {
  ListFiles files;
  const auto all = compile_lists(config.access, "access", files);
  if (!all) return all.error();
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const auto own =
        compile_lists(config.routes[i].access, fmt::format("routes[{}].access", i), files);
    if (!own) return own.error();
  }
  return std::nullopt;
}

access::RateRule rate_rule_of(const conf::RateLimit& limit, const conf::PerIp& per_ip) {
  access::RateRule rule;
  rule.quota = {.tokens = limit.rate.events,
                .period = conf::length(limit.rate.period),
                .burst = burst_of(limit),
                .cost = 1,
                .delay = static_cast<std::uint64_t>(limit.delay)};
  rule.shadow = limit.shadow;
  rule.ipv4_bits = static_cast<unsigned>(per_ip.ipv4_prefix);
  rule.ipv6_bits = static_cast<unsigned>(per_ip.ipv6_prefix);
  rule.wider_ipv6_bits = static_cast<unsigned>(per_ip.ipv6_wide_prefix);
  rule.wider_multiple = static_cast<std::uint64_t>(per_ip.ipv6_wide_multiple);
  return rule;
}

access::JailOptions jail_options_of(const std::optional<conf::Jail>& jail) {
  access::JailOptions options;
  if (!jail) return options;
  options.table = static_cast<std::size_t>(jail->table);
  options.counters = std::max(options.counters, options.table);
  return options;
}

access::JailRules jail_rules_of(const conf::Jail& jail, const conf::PerIp& per_ip) {
  using access::Reason;
  access::JailRules rules;
  rules.rule(Reason::Limiter) = trigger_of(jail.limited);
  rules.rule(Reason::Errors) = trigger_of(jail.errors);
  rules.rule(Reason::NotFound) = trigger_of(jail.not_found);
  rules.rule(Reason::Unauthorized) = trigger_of(jail.unauthorized);
  rules.rule(Reason::Malformed) = trigger_of(jail.malformed);
  rules.rule(Reason::Tls) = trigger_of(jail.tls);
  rules.rule(Reason::WideLimiter) = trigger_of(jail.wide_limited);
  rules.time = jail.time;
  rules.max = jail.max_time;
  rules.v4_bits = static_cast<std::uint8_t>(per_ip.ipv4_prefix);
  rules.v6_bits = static_cast<std::uint8_t>(per_ip.ipv6_prefix);
  rules.wide_v6_bits = static_cast<std::uint8_t>(per_ip.ipv6_wide_prefix);
  return rules;
}

}  // namespace sluice::server
