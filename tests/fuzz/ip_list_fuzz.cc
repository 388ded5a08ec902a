// SPDX-License-Identifier: MIT
// A list file, and the list made of it: what is read reads the same when it is printed, and a
// look-up says what a search of all blocks for the longest says.
//
// What stands behind the first NUL is a second file, whose blocks are denied.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/access/ip_list.h"
#include "proxy/access/list_file.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using access::IpList;
using access::Listed;
using access::ListEntry;
using access::ListSource;

constexpr std::size_t kAsked = 64;  // blocks whose edges are, of a long list

Listed longest_match(const std::vector<ListSource>& sources, const IpAddress& address) {
  Listed verdict = Listed::None;
  int longest = -1;
  for (const ListSource& from : sources) {
    for (const ListEntry& entry : from.entries) {
      if (entry.block.bits <= longest || !entry.block.contains(address)) continue;
      longest = entry.block.bits;
      verdict = from.verdict;
    }
  }
  return verdict;
}

// The address before or behind, within the family.
IpAddress neighbour(IpAddress address, bool behind) {
  const std::size_t first = address.is_v4() ? 12 : 0;
  const std::uint8_t step = behind ? 1 : 0xff;
  const std::uint8_t wraps_at = behind ? 0 : 0xff;
  for (std::size_t i = 16; i > first; --i) {
    address.bytes[i - 1] = static_cast<std::uint8_t>(address.bytes[i - 1] + step);
    if (address.bytes[i - 1] != wraps_at) break;
  }
  return address;
}

IpAddress last_of(const Cidr& block) {
  IpAddress last = block.base;
  for (std::size_t bit = block.bits; bit < 128; ++bit) {
    last.bytes[bit / 8] = static_cast<std::uint8_t>(last.bytes[bit / 8] | 0x80U >> bit % 8);
  }
  return last;
}

void check_edges(const IpList& list, const std::vector<ListSource>& sources, const Cidr& block) {
  const IpAddress last = last_of(block);
  const std::array asked = {block.base, last, neighbour(block.base, false), neighbour(last, true)};
  for (const IpAddress& address : asked) {
    MUST(list.find(address) == longest_match(sources, address));
  }
}

// Every block of the file in the words of the proxy, one a line: is the same list.
void check_printed(const std::vector<ListEntry>& entries) {
  std::string text;
  for (const ListEntry& entry : entries) text += entry.block.to_string() + "\n";
  const auto again = access::parse_list("again", text);
  MUST(again && again->size() == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    MUST((*again)[i].block == entries[i].block && (*again)[i].at == i + 1);
  }
}

// False when the file is refused.
bool read(std::string_view text, ListSource& source) {
  const support::Exact exact(text);
  const auto entries = access::parse_list(source.name, exact.view());
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  if (!entries) {
    const std::string& where = entries.error().where;
    MUST(where.starts_with(source.name + ":"));
    MUST(std::stol(where.substr(source.name.size() + 1)) <= lines);
    return false;
  }
  std::uint32_t before = 0;
  for (const ListEntry& entry : *entries) {
    // "all" is two blocks of one line.
    MUST(entry.at >= std::max(before, 1U) && entry.at <= lines);
    before = entry.at;
    MUST(entry.block.contains(entry.block.base) && entry.block.contains(last_of(entry.block)));
  }
  check_printed(*entries);
  source.entries = *entries;
  return true;
}

bool contradicts_itself(const std::vector<ListSource>& sources) {
  for (const ListEntry& allowed : sources[0].entries) {
    for (const ListEntry& denied : sources[1].entries) {
      if (allowed.block == denied.block) return true;
    }
  }
  return false;
}

}  // namespace

void ip_list(std::string_view bytes) {
  std::vector<ListSource> sources(2);
  sources[0] = {.name = "allow.txt", .is_file = true, .verdict = Listed::Allow, .entries = {}};
  sources[1] = {.name = "deny.txt", .is_file = true, .verdict = Listed::Deny, .entries = {}};
  const std::size_t cut = std::min(bytes.find('\0'), bytes.size());
  if (!read(bytes.substr(0, cut), sources[0])) return;
  if (cut < bytes.size() && !read(bytes.substr(cut + 1), sources[1])) return;

  const Result<IpList> list = IpList::build(sources);
  MUST(static_cast<bool>(list) != contradicts_itself(sources));
  if (!list) return;
  const std::size_t blocks = sources[0].entries.size() + sources[1].entries.size();
  MUST(list->size() <= blocks && (list->size() > 0) == (blocks > 0));
  MUST(list->find(IpAddress()) == Listed::None);
  for (const ListSource& source : sources) {
    const std::size_t step = 1 + source.entries.size() / kAsked;
    for (std::size_t i = 0; i < source.entries.size(); i += step) {
      check_edges(*list, sources, source.entries[i].block);
    }
  }
}

}  // namespace sluice::fuzz
