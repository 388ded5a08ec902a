// SPDX-License-Identifier: MIT
#include "conf/check_guard.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "conf/files.h"
#include "conf/syntax.h"
#include "conf/units.h"

namespace sluice::conf {

namespace {

void check_list(const std::vector<std::string>& list, const Path& path, bool read_files,
                Reporter& reporter) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string& entry = list[i];
    if (entry == "all") continue;
    if (!entry.starts_with(kListFile)) {
      if (auto fault = cidr_fault(entry)) reporter.at(path.at(i), std::move(*fault));
      continue;
    }
    const std::string file = entry.substr(kListFile.size());
    if (file.empty()) {
      reporter.at(path.at(i), {"names no file", "for example \"file:/etc/sluice/deny.txt\""});
    } else if (const auto why = read_files ? unreadable(file) : std::nullopt) {
      reporter.at(path.at(i), {fmt::format("cannot read {}: {}", in_quotes(file), *why), {}});
    }
  }
}

void check_lists(const AccessLists& lists, const Path& path, bool read_files, Reporter& reporter) {
  check_list(lists.allow, path.at("allow"), read_files, reporter);
  check_list(lists.deny, path.at("deny"), read_files, reporter);
}

// What would have no effect is most likely a slip.
void check_limit(const RateLimit& limit, const Path& path, Reporter& reporter) {
  if (limit.rate.events > 0 || reporter.doubtful(path.at("rate"))) return;
  const auto without_rate = [&](const char* key, bool given) {
    if (!given) return;
    reporter.at(path.at(key), {fmt::format("\"{}\" does nothing without a \"rate\"", key),
                               "for example \"rate\": \"100/s\""});
  };
  without_rate("burst", limit.burst > 0);
  without_rate("delay", limit.delay > 0);
  without_rate("shadow", limit.shadow);
}

void check_per_ip(const PerIp& limit, const Path& path, Reporter& reporter) {
  check_limit(limit, path, reporter);
  if (limit.fields && limit.rate.events == 0 && !reporter.doubtful(path.at("rate"))) {
    reporter.at(path.at("fields"), {"there is no \"rate\" to tell of", {}});
  }
  if (limit.ipv6_wide_prefix >= limit.ipv6_prefix && !reporter.doubtful(path.at("ipv6_prefix"))) {
    reporter.at(path.at("ipv6_wide_prefix"),
                {fmt::format("\"ipv6_wide_prefix\", {}, is not wider than \"ipv6_prefix\", {}",
                             limit.ipv6_wide_prefix, limit.ipv6_prefix),
                 "\"ipv6_wide_prefix\": fewer bits, or 0 for none"});
  }
}

// Who is sent little can take no more.
void check_bandwidth(Bytes bandwidth, const Limits& limits, const Path& path, Reporter& reporter) {
  if (bandwidth == 0 || bandwidth / 2 >= limits.send_rate) return;
  if (reporter.doubtful(Path().at("limits").at("send_rate"))) return;
  reporter.at(
      path.at("bandwidth"),
      {fmt::format("{} is less than twice \"limits.send_rate\", {}: clients would be cut off",
                   print_bytes(bandwidth), print_bytes(limits.send_rate)),
       {}});
}

void check_jail(const Jail& jail, const PerIp& per_ip, const Path& path, Reporter& reporter) {
  const bool wide = per_ip.ipv6_wide_prefix != 0 ||
                    reporter.doubtful(Path().at("limits").at("per_ip").at("ipv6_wide_prefix"));
  if (jail.wide_limited.events != 0 && !wide) {
    reporter.at(path.at("wide_limited"),
                {"no limit is shared: \"limits.per_ip.ipv6_wide_prefix\" is 0", {}});
  }
  if (jail.max_time < jail.time && !reporter.doubtful(path.at("time"))) {
    reporter.at(
        path.at("max_time"),
        {fmt::format("{} is less than \"time\", {}", print(jail.max_time), print(jail.time)), {}});
  }
  if (jail.file.empty()) return;
  std::error_code error;
  const auto directory = std::filesystem::path(jail.file).parent_path();
  if (std::filesystem::is_directory(jail.file, error)) {
    reporter.at(path.at("file"), {fmt::format("{} is a directory", in_quotes(jail.file)), {}});
    return;
  }
  if (std::filesystem::is_directory(directory, error)) return;
  reporter.at(path.at("file"),
              {fmt::format("there is no directory {}", in_quotes(directory.string())), {}});
}

}  // namespace

void check_guard(const Config& config, bool read_files, Reporter& reporter) {
  check_lists(config.access, Path().at("access"), read_files, reporter);
  check_per_ip(config.limits.per_ip, Path().at("limits").at("per_ip"), reporter);
  check_bandwidth(config.limits.bandwidth, config.limits, Path().at("limits"), reporter);
  if (config.jail) check_jail(*config.jail, config.limits.per_ip, Path().at("jail"), reporter);
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const Path path = Path().at("routes").at(i);
    check_lists(config.routes[i].access, path.at("access"), read_files, reporter);
    const RouteLimits& limits = config.routes[i].limits;
    check_limit(limits.per_ip, path.at("limits").at("per_ip"), reporter);
    check_bandwidth(limits.bandwidth, config.limits, path.at("limits"), reporter);
  }
}

}  // namespace sluice::conf
