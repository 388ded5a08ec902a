// SPDX-License-Identifier: MIT
// From the configuration of limits, lists and the jail to what the guard works by.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/result.h"
#include "proxy/access/guard.h"
#include "proxy/access/ip_list.h"
#include "proxy/access/jail_rules.h"
#include "proxy/access/rate_limit.h"
#include "proxy/server/list_watch.h"

namespace sluice::server {

// Reads the files that the lists name, and notes them in `files`. `place`: "access".
Result<access::IpList> compile_lists(const conf::AccessLists& lists, std::string_view place,
                                     ListFiles& files);

// What is wrong with the lists of a configuration, or with a file of theirs, beyond what conf/
// knows.
std::optional<Error> check_lists(const conf::Config& config);

// `per_ip` says which clients are one.
access::RateRule rate_rule_of(const conf::RateLimit& limit, const conf::PerIp& per_ip);

access::JailOptions jail_options_of(const std::optional<conf::Jail>& jail);
access::JailRules jail_rules_of(const conf::Jail& jail, const conf::PerIp& per_ip);

}  // namespace sluice::server
