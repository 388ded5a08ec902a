// SPDX-License-Identifier: MIT
#include "proxy/access/list_file.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace sluice::access {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view trim(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlank) - first + 1);
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

bool append_blocks(std::string_view text, std::uint32_t at, std::vector<ListEntry>& entries) {
  if (text == "all") {
    return append_blocks("0.0.0.0/0", at, entries) && append_blocks("::/0", at, entries);
  }
  const std::optional<Cidr> block = Cidr::parse(text);
  if (block) entries.push_back({*block, at});
  return block.has_value();
}

Result<std::vector<ListEntry>> parse_list(const std::string& name, std::string_view text,
                                          const ListLimits& limits) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<ListEntry> entries;
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    const std::string_view word = trim(line.substr(0, line.find_first_of("#;")));
    if (word.empty()) continue;
    const auto refuse = [&name, number](std::string what) {
      return Error{fmt::format("{}:{}", name, number), std::move(what)};
    };
    if (!append_blocks(word, number, entries)) {
      return refuse(quote_for_message(word) + " is no address or CIDR block");
    }
    if (entries.size() > limits.blocks_max) {
      return refuse(fmt::format("a list has at most {} blocks", limits.blocks_max));
    }
  }
  return entries;
}

Result<ListFile> read_list(const std::string& path, const ListLimits& limits) {
  Result<FileText> file = read_text(path, limits.bytes_max);
  if (!file) return file.error();
  if (stamp_of(path) != file->stamp) return Error{path, "was written to while it was read"};
  Result<std::vector<ListEntry>> entries = parse_list(path, file->text, limits);
  if (!entries) return entries.error();
  return ListFile{std::move(*entries), file->stamp};
}

}  // namespace sluice::access
