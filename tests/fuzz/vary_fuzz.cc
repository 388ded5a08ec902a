// SPDX-License-Identifier: MIT
// Vary: names and values in their normal form stay as they are, and say the same when their lines
// are joined. The first byte chooses the field; the lines are those of the rest.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cache/vary.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view bytes) {
  Lines out;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    out.push_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return out;
}

std::string joined(const Lines& lines) {
  std::string out;
  for (const std::string_view line : lines) out.append(out.empty() ? "" : ",").append(line);
  return out;
}

void check_names(const Lines& lines) {
  const cache::VaryNames names(lines);
  const bool has_text = names.kind() == cache::VaryNames::Kind::Names;
  MUST(has_text != names.text().empty());
  MUST(cache::VaryNames(Lines{joined(lines)}).kind() == names.kind());
  if (!has_text) return;
  const cache::VaryNames again(Lines{names.text()});
  MUST(again.text() == names.text());
  cache::VaryNameReader reader(names.text());
  std::string_view last;
  for (std::string_view name; reader.next(name); last = name) MUST(last < name);
}

void check_value(std::string_view name, const Lines& lines) {
  std::size_t enough = lines.empty() ? 1 : lines.size() - 1;
  for (const std::string_view line : lines) enough += line.size();
  std::vector<char> memory(enough);
  const auto size = cache::normalise_vary_value(name, lines, memory);
  MUST(size && *size <= enough);
  const std::string written(memory.data(), *size);
  MUST(cache::matches_vary_value(name, written, lines, memory));
  if (lines.empty()) return;

  const std::string whole = joined(lines);
  std::vector<char> second(std::max(whole.size(), written.size()));
  MUST(!cache::matches_vary_value(name, written + "x", lines, second));
  // An empty first line is an empty member, which the joined text above does not have.
  if (!lines.front().empty()) {
    MUST(cache::matches_vary_value(name, written, Lines{whole}, second));
  }
  const auto again = cache::normalise_vary_value(name, Lines{written}, second);
  MUST(again && std::string_view(second.data(), *again) == written);
  if (written.empty()) return;
  std::vector<char> less(written.size() - 1);
  MUST(!cache::normalise_vary_value(name, Lines{written}, less));
}

}  // namespace

void vary(std::string_view bytes) {
  constexpr std::string_view kNames[] = {"accept-encoding", "accept-language", "x-any"};
  // No field value has a NUL; it is what stands for a field that is not there.
  if (bytes.empty() || bytes.find('\0') != std::string_view::npos) return;
  const support::Exact exact(bytes.substr(1));
  const Lines lines = lines_of(exact.view());
  check_names(lines);
  check_value(kNames[static_cast<unsigned char>(bytes.front()) % std::size(kNames)], lines);
}

}  // namespace sluice::fuzz
