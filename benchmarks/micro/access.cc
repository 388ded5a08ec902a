// SPDX-License-Identifier: MIT
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "benchmarks/micro/micro.h"
#include "proxy/access/ip_list.h"
#include "proxy/access/jail.h"
#include "proxy/access/list_file.h"

namespace sluice::bench {
namespace {

using access::IpList;
using access::Listed;
using access::ListSource;

constexpr std::size_t kBlocks = 1'000'000;
constexpr std::size_t kQuestions = 1 << 20;

// Of this thread alone, so that a busy machine does not count.
double cpu_ms() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e3 + static_cast<double>(spent.tv_nsec) / 1e6;
}

// The best of 5 runs, each over all the addresses.
template <typename Ask>
double best_ns(const std::vector<IpAddress>& addresses, const Ask& ask) {
  double best = 1e9;
  for (int run = 0; run < 5; ++run) {
    const double start = cpu_ms();
    for (const IpAddress& address : addresses) ask(address);
    best = std::min(best, (cpu_ms() - start) * 1e6 / static_cast<double>(addresses.size()));
  }
  return best;
}

IpAddress random_address(std::mt19937_64& random, bool v6) {
  std::array<std::uint8_t, 16> raw{};
  for (std::uint8_t& byte : raw) byte = static_cast<std::uint8_t>(random());
  if (!v6) return IpAddress::from_v4(std::span<const std::uint8_t, 4>(raw.data(), 4));
  raw[0] = 0x20;
  raw[1] = 0x01;
  return IpAddress::from_v6(raw);
}

// Lengths as in the lists that are passed around: mostly lone addresses, then /24 and the like.
ListSource random_source(std::mt19937_64& random, bool v6, bool clustered) {
  constexpr unsigned kV4[] = {32, 32, 32, 32, 24, 24, 23, 22, 20, 28};
  constexpr unsigned kV6[] = {128, 128, 64, 64, 64, 56, 48, 48, 44, 40};
  ListSource source{"list", false, Listed::Deny, {}};
  source.entries.reserve(kBlocks);
  for (std::uint32_t i = 0; i < kBlocks; ++i) {
    const std::size_t kind = clustered ? 0 : random() % 10;
    const unsigned bits = v6 ? kV6[kind] : kV4[kind];
    IpAddress base = random_address(random, v6);
    if (clustered) base.bytes[12] = 10;
    source.entries.push_back(
        {{base.masked(bits), static_cast<std::uint8_t>(v6 ? bits : bits + 96)}, i});
  }
  return source;
}

std::size_t found = 0;

void print_lookup(const IpList& list, const char* what, const std::vector<IpAddress>& addresses) {
  found = 0;
  const double ns = best_ns(addresses, [&list](const IpAddress& address) {
    found += list.find(address) == Listed::Deny ? 1U : 0U;
  });
  const std::size_t percent = found * 20 / addresses.size();
  std::printf("  %-28s  %4.0f ns each, %3zu %% of them in the list\n", what, ns, percent);
}

void print_list(const char* name, bool v6, bool clustered) {
  std::mt19937_64 random(1);
  const std::vector<ListSource> sources = {random_source(random, v6, clustered)};
  const double start = cpu_ms();
  const Result<IpList> list = IpList::build(sources);
  const double built_ms = cpu_ms() - start;
  if (!list) return;
  std::printf("%s: %zu blocks, built in %.0f ms, %.1f bytes a block\n", name, list->size(),
              built_ms, static_cast<double>(list->bytes()) / static_cast<double>(list->size()));
  std::vector<IpAddress> inside;
  std::vector<IpAddress> anywhere;
  for (std::size_t i = 0; i < kQuestions; ++i) {
    inside.push_back(sources[0].entries[random() % kBlocks].block.base);
    anywhere.push_back(random_address(random, v6));
  }
  print_lookup(*list, "addresses of its blocks", inside);
  print_lookup(*list, "addresses of anywhere", anywhere);
}

void print_parsing() {
  std::mt19937_64 random(1);
  const ListSource source = random_source(random, false, false);
  std::string text;
  for (const access::ListEntry& entry : source.entries) text += entry.block.to_string() + "\n";
  const double start = cpu_ms();
  const auto entries = access::parse_list("list", text);
  std::printf("A list file of %zu lines: parsed in %.0f ms\n", entries ? entries->size() : 0,
              cpu_ms() - start);
}

void print_jailed(const access::Jail& jail, const char* what,
                  const std::vector<IpAddress>& addresses, access::WallTime now) {
  found = 0;
  const double ns = best_ns(addresses, [&jail, now](const IpAddress& address) {
    found += jail.is_jailed(address, now) ? 1U : 0U;
  });
  const std::size_t percent = found * 20 / addresses.size();
  std::printf("  %-28s  %4.0f ns each, %3zu %% of them jailed\n", what, ns, percent);
}

void print_jail() {
  constexpr std::size_t kInmates = 100'000;
  std::mt19937_64 random(1);
  std::vector<IpAddress> anywhere;
  for (std::size_t i = 0; i < kQuestions; ++i) anywhere.push_back(random_address(random, false));
  const access::WallTime now{};
  access::Jail jail({.table = kInmates, .counters = 65'536, .hash_seed = 1});
  std::printf("\nThe jail, CPU time, the best of 5 runs over %zu addresses\n", kQuestions);
  print_jailed(jail, "empty", anywhere, now);

  access::JailRules rules;
  rules.rule(access::Reason::Limiter).count = 1;
  const double start = cpu_ms();
  for (std::size_t i = 0; i < kInmates; ++i) {
    jail.note(rules, anywhere[i], access::Reason::Limiter, now);
  }
  std::printf("  %zu put away, %.0f ns each\n", jail.size(), (cpu_ms() - start) * 1e6 / kInmates);
  std::vector<IpAddress> inside;
  for (std::size_t i = 0; i < kQuestions; ++i) inside.push_back(anywhere[random() % kInmates]);
  anywhere.erase(anywhere.begin(), anywhere.begin() + kInmates);
  print_jailed(jail, "addresses of inmates", inside, now);
  print_jailed(jail, "addresses of anywhere", anywhere, now);
}

}  // namespace

void measure_access() {
  std::printf("\nAddress lists, CPU time, the best of 5 runs over %zu addresses\n", kQuestions);
  print_list("IPv4", false, false);
  print_list("IPv4, all in one /8", false, true);
  print_list("IPv6", true, false);
  print_parsing();
  print_jail();
}

}  // namespace sluice::bench
