// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "conf/load.h"
#include "conf/positions.h"

namespace sluice::conf {
namespace {

constexpr std::size_t kLineWidth = 100;      // columns of a source line
constexpr std::size_t kNumberWidth = 5;      // columns of a line number
constexpr std::size_t kSentenceWidth = 400;  // columns of a message or a hint

struct Style {
  std::string_view bold;
  std::string_view error;
  std::string_view caret;
  std::string_view quiet;
  std::string_view off;
};

constexpr Style kPlain{};
constexpr Style kColours{"\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[2m", "\x1b[0m"};

// Whatever a file or a file name holds, nothing but printable text reaches the terminal.
std::string printable(std::string_view text) {
  return excerpt(text, 1, 1, kSentenceWidth).text;
}

std::string place(const Diagnostic& d) {
  const std::string file = printable(d.file);
  return d.line == 0 ? file + ":" : fmt::format("{}:{}:{}:", file, d.line, d.column);
}

std::string source(const Diagnostic& d, const Style& style) {
  const Excerpt shown = excerpt(d.source_line, d.column, d.caret_length, kLineWidth);
  const std::string hint = d.hint.empty() ? std::string() : " " + printable(d.hint);
  return fmt::format("{}{:>{}} |{} {}\n{}{:>{}} |{} {:{}}{}{}{}{}\n", style.quiet, d.line,
                     kNumberWidth, style.off, shown.text, style.quiet, "", kNumberWidth, style.off,
                     "", shown.caret_column - 1, style.caret, std::string(shown.caret_length, '^'),
                     hint, style.off);
}

std::string footer(const Diagnostic& d, const Style& style) {
  std::string out;
  if (!d.path.empty()) out += fmt::format("  path: {}", printable(d.path));
  if (!d.allowed.empty()) {
    out += fmt::format("{}allowed: {}", out.empty() ? "  " : "   ", printable(d.allowed));
  }
  return out.empty() ? out : fmt::format("{}{}{}\n", style.quiet, out, style.off);
}

std::string one(const Diagnostic& d, const Style& style) {
  std::string out =
      fmt::format("{}{}{} {}error:{} {}{}{}\n", style.bold, place(d), style.off, style.error,
                  style.off, style.bold, printable(d.message), style.off);
  if (d.line != 0) {
    out += source(d, style);
  } else if (!d.hint.empty()) {
    out += fmt::format("  {}\n", printable(d.hint));
  }
  return out + footer(d, style);
}

}  // namespace

std::string render(const std::vector<Diagnostic>& errors, bool colour, std::size_t shown) {
  if (errors.empty()) return {};
  const Style& style = colour ? kColours : kPlain;
  std::string out;
  const std::size_t in_full = std::min(shown, errors.size());
  for (std::size_t i = 0; i < in_full; ++i) out += one(errors[i], style);
  if (in_full < errors.size()) out += fmt::format("and {} more\n", errors.size() - in_full);
  return out + (errors.size() == 1 ? std::string("1 error\n")
                                   : fmt::format("{} errors\n", errors.size()));
}

}  // namespace sluice::conf
