// SPDX-License-Identifier: MIT
// What a key has of a request's query ("key": {"query": [...]}). What is left out of it must not be
// what some backend answers by.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "proxy/handlers/cache_rules.h"

namespace sluice::handlers {

// `text` is that name, as some backend may read it. Where that is "filter[x]", it may be any of
// "filter": which of them gives the element its value, backends differ in. Holds for arguments and
// for cookies.
bool reads_as(std::string_view text, std::string_view name);

// Some backend finds an argument of that name in this one: some separate arguments by semicolons,
// too.
bool may_set(std::string_view argument, std::string_view name);

// Puts, piece by piece, what the rules keep of a query, which is what stands behind the "?".
template <typename Put>
void put_query(const CacheRules& rules, std::string_view query, bool has_query, Put put) {
  if (rules.whole_query) {
    if (!has_query) return;
    put("?");
    return put(query);
  }
  std::string_view separator = "?";
  for (const std::string& name : rules.query) {
    std::string_view rest = query;
    while (!rest.empty()) {
      const std::string_view argument = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(argument.size() + 1, rest.size()));
      if (!may_set(argument, name)) continue;
      put(separator);
      put(argument);
      separator = "&";
    }
  }
}

// The same in one text: "?id=1" of "?id=1&utm=2"; "" of none.
std::string query_in_key(const CacheRules& rules, std::string_view query);

}  // namespace sluice::handlers
