// SPDX-License-Identifier: MIT
#include "proxy/server/block_admin.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <optional>
#include <string>

#include "conf/units.h"
#include "proxy/access/wall_time.h"
#include "proxy/server/admin_query.h"

namespace sluice::server {

namespace {

using handlers::AdminAnswer;
using handlers::AdminRequest;

struct Order {
  std::optional<Cidr> block;
  std::chrono::milliseconds duration = std::chrono::hours(1);
};

// A sentence where something is wrong.
std::string read_order(const AdminRequest& request, bool takes_duration, Order& order) {
  for (const auto& [name, value] : query_arguments(request.query)) {
    if (name == "block") {
      order.block = Cidr::parse(value);
      if (!order.block) return fmt::format("\"{}\" is no IP address and no CIDR block", value);
    } else if (name == "for" && takes_duration) {
      const auto duration = conf::parse_duration(value);
      if (!duration) return duration.error().what;
      if (duration->count() == 0) return "\"for\" is no time at all";
      order.duration = *duration;
    } else {
      return fmt::format("\"{}\" is nothing to say here", name);
    }
  }
  return order.block ? "" : "say whom: block=ADDRESS, or block=ADDRESS/BITS";
}

std::string json_of(const access::Inmate& inmate) {
  return fmt::format(
      R"({{"block": "{}", "reason": "{}", "times": {}, "since": "{}", "until": "{}"}})",
      inmate.block.to_string(), access::word_of(inmate.reason), inmate.times,
      access::print_time(inmate.since), access::print_time(inmate.until));
}

AdminAnswer json_answer(std::string body) {
  AdminAnswer answer;
  answer.content_type = kJsonType;
  answer.body = std::move(body);
  return answer;
}

}  // namespace

AdminAnswer list_blocks(const access::Jail& jail, access::WallTime now) {
  std::string body = "[";
  for (const access::Inmate& inmate : jail.list(now)) {
    body += body.size() > 1 ? ",\n " : "";
    body += json_of(inmate);
  }
  return json_answer(body + "]\n");
}

AdminAnswer add_block(const access::GuardRules& rules, const AdminRequest& request,
                      access::WallTime now) {
  constexpr unsigned kAllBits = 128;
  Order order;
  const std::string wrong = read_order(request, true, order);
  if (!wrong.empty()) return bad_request(wrong);
  if (order.block->bits == kAllBits && rules.is_spared(order.block->base)) {
    return bad_request(fmt::format("{} is in access.allow or trusted_proxies: never put away",
                                   order.block->to_string()));
  }
  return json_answer(json_of(rules.guard->jail.add(*order.block, order.duration, now)) + "\n");
}

AdminAnswer remove_block(access::Jail& jail, const AdminRequest& request, access::WallTime now) {
  Order order;
  const std::string wrong = read_order(request, false, order);
  if (!wrong.empty()) return bad_request(wrong);
  return json_answer(fmt::format("{{\"freed\": {}}}\n", jail.remove(*order.block, now)));
}

}  // namespace sluice::server
