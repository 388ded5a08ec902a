// SPDX-License-Identifier: MIT
#include "proxy/access/jail_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <system_error>
#include <utility>

#include "proxy/access/file_text.h"
#include "proxy/access/wall_time.h"
#include "proxy/base/fd.h"

namespace sluice::access {
namespace {

constexpr std::string_view kHeader = "sluice jail 1";
constexpr std::string_view kColumns = "# block reason times-caught since until";
constexpr std::size_t kBytesMax = std::size_t{2} << 30;  // of the largest table, and then some
constexpr std::size_t kProblemsMax = 10;

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

std::string_view take_line(std::string_view& text) {
  std::string_view line = take_until(text, '\n');
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<std::uint32_t> parse_count(std::string_view text) {
  std::uint32_t count = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return count;
}

std::optional<Inmate> parse_inmate(std::string_view line) {
  const std::optional<Cidr> block = Cidr::parse(take_until(line, ' '));
  const std::optional<Reason> reason = reason_of(take_until(line, ' '));
  const std::optional<std::uint32_t> times = parse_count(take_until(line, ' '));
  const std::optional<WallTime> since = parse_time(take_until(line, ' '));
  const std::optional<WallTime> until = parse_time(line);
  if (!block || !reason || !times || !since || !until || *until < *since) return std::nullopt;
  return Inmate{*block, *reason, *times, *since, *until};
}

std::string line_of(const Inmate& inmate) {
  const WallTime until = std::chrono::ceil<std::chrono::seconds>(inmate.until);
  return fmt::format("{} {} {} {} {}\n", inmate.block.to_string(), word_of(inmate.reason),
                     inmate.times, print_time(inmate.since), print_time(until));
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// What an earlier run has left behind is removed, so that the file is ours and nobody else's.
bool write_new(const std::string& path, std::string_view text) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return false;
  const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  return file.valid() && write_all(file.get(), text) && fsync(file.get()) == 0;
}

// The new name is on the disk, too, when this is done.
bool sync_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Fd opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.valid() && fsync(opened.get()) == 0;
}

}  // namespace

std::string print_jail(std::span<const Inmate> inmates) {
  std::string text = fmt::format("{}\n{}\n", kHeader, kColumns);
  for (const Inmate& inmate : inmates) text += line_of(inmate);
  return text;
}

JailFile parse_jail(const std::string& name, std::string_view text) {
  JailFile file;
  const auto report = [&file, &name](std::size_t line, std::string what) {
    if (++file.bad_lines > kProblemsMax) return;
    file.problems.push_back({fmt::format("{}:{}", name, line), std::move(what)});
  };
  if (text.empty()) return file;
  const std::string_view header = take_line(text);
  if (header != kHeader) {
    report(1, fmt::format("{} is not \"{}\"", quote_for_message(header), kHeader));
    file.foreign = true;
    return file;
  }
  for (std::size_t number = 2; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (line.empty() || line.front() == '#') continue;
    if (const std::optional<Inmate> inmate = parse_inmate(line)) {
      file.inmates.push_back(*inmate);
    } else {
      report(number, quote_for_message(line) + " is no line of a jail");
    }
  }
  return file;
}

JailFile read_jail(const std::string& path) {
  if (!stamp_of(path) && errno == ENOENT) return {};
  const Result<FileText> text = read_text(path, kBytesMax);
  if (text) return parse_jail(path, text->text);
  JailFile file;
  file.problems.push_back(text.error());
  file.foreign = true;
  return file;
}

std::optional<Error> write_jail(const std::string& path, std::span<const Inmate> inmates) {
  const std::string fresh = path + ".new";
  const bool written =
      write_new(fresh, print_jail(inmates)) && std::rename(fresh.c_str(), path.c_str()) == 0;
  if (written && sync_directory_of(path)) return std::nullopt;
  const int error = errno;
  if (!written) unlink(fresh.c_str());
  return Error{path, fmt::format("cannot write it: {}", std::generic_category().message(error))};
}

}  // namespace sluice::access
