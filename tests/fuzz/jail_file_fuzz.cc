// SPDX-License-Identifier: MIT
// The jail's file: whatever stands in it, what could be read is printed and read back the same, and
// a jail that takes it in has those in who should be.
#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/access/jail.h"
#include "proxy/access/jail_file.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using access::Inmate;
using access::Jail;
using access::JailFile;
using access::WallTime;

constexpr std::size_t kProblemsMax = 10;
constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 6 / 1};

void check_problems(const JailFile& file, std::string_view text) {
  MUST(file.problems.size() == std::min(file.bad_lines, kProblemsMax));
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  for (const Error& problem : file.problems) {
    MUST(problem.where.starts_with("jail:"));
    MUST(std::stol(problem.where.substr(5)) <= lines);
    MUST(std::all_of(problem.what.begin(), problem.what.end(),
                     [](char c) { return c >= ' ' && c <= '~'; }));
  }
}

// Of a block that stands in the file twice, the later line counts.
std::vector<Inmate> last_of_each(const std::vector<Inmate>& inmates) {
  std::vector<Inmate> last;
  for (const Inmate& inmate : inmates) {
    if (inmate.forgotten_at() <= kNow) continue;
    std::erase_if(last, [&inmate](const Inmate& other) { return other.block == inmate.block; });
    last.push_back(inmate);
  }
  return last;
}

void check_restored(const std::vector<Inmate>& inmates) {
  access::JailOptions options;
  options.table = inmates.size() + 1;
  options.counters = 8;
  options.hash_seed = 1;
  Jail jail(options);
  jail.restore(inmates, kNow);
  const std::vector<Inmate> expected = last_of_each(inmates);
  const std::vector<Inmate> records = jail.records(kNow);
  MUST(records.size() == expected.size());
  for (const Inmate& inmate : expected) {
    MUST(std::find(records.begin(), records.end(), inmate) != records.end());
    MUST(!inmate.jailed(kNow) || jail.is_jailed(inmate.block.base, kNow));
  }
  // Everybody's time comes, and nothing is left of them.
  const WallTime end = kNow + std::chrono::hours{24 * 366} * 200'000;
  jail.expire(end);
  MUST(jail.size() == 0 && jail.records(end).empty());
}

}  // namespace

void jail_file(std::string_view bytes) {
  const support::Exact exact(bytes);
  const JailFile file = access::parse_jail("jail", exact.view());
  check_problems(file, bytes);
  const std::string printed = access::print_jail(file.inmates);
  const JailFile again = access::parse_jail("jail", printed);
  MUST(again.bad_lines == 0 && again.problems.empty());
  MUST(again.inmates == file.inmates);
  MUST(access::print_jail(again.inmates) == printed);
  for (const Inmate& inmate : file.inmates) {
    MUST(inmate.block.contains(inmate.block.base) && inmate.since <= inmate.until);
    MUST(inmate.forgotten_at() >= inmate.until);
  }
  check_restored(file.inmates);
}

}  // namespace sluice::fuzz
