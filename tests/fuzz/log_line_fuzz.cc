// SPDX-License-Identifier: MIT
// The access log: whatever strangers send, one line stays one line of bounded length, JSON stays
// JSON, and what was escaped can be read back.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "proxy/observe/log_format.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/targets.h"
#include "tests/support/exact.h"

namespace sluice::fuzz {
namespace {

using observe::LogLine;

bool is_one_printable_line(std::string_view line) {
  return std::none_of(line.begin(), line.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// The value of an Apache escape, or of what stands for itself.
std::string unquoted(std::string_view text) {
  constexpr std::string_view kNames = "\"\\bnrtv";
  constexpr std::string_view kBytes = "\"\\\b\n\r\t\v";
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    if (text[0] != '\\') {
      out += text[0];
      text.remove_prefix(1);
    } else if (text[1] == 'x') {
      out += static_cast<char>(kDigits.find(text[2]) * 16 + kDigits.find(text[3]));
      text.remove_prefix(4);
    } else {
      out += kBytes[kNames.find(text[1])];
      text.remove_prefix(2);
    }
  }
  return out;
}

void check_quoted(std::string_view value, std::size_t bytes_max) {
  LogLine line;
  line.quoted(value, bytes_max);
  std::string_view written = line.view();
  MUST(written.size() <= bytes_max);
  MUST(is_one_printable_line(written));
  MUST(std::all_of(written.begin(), written.end(), [](char c) { return c > 0; }));
  if (unquoted(written) == value) return;
  MUST(written.ends_with("..."));
  written.remove_suffix(3);
  MUST(value.starts_with(unquoted(written)));
  // Cut only because it had to be.
  MUST(written.size() + 3 + 4 > bytes_max);
}

void check_json(std::string_view value, std::size_t bytes_max) {
  LogLine line;
  line.json(value, bytes_max);
  MUST(line.view().size() <= bytes_max);
  MUST(is_one_printable_line(line.view()));
  const std::string text = "\"" + std::string(line.view()) + "\"";
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  MUST(parsed.is_string());
  const bool ascii = std::all_of(value.begin(), value.end(), [](char c) { return c > 0; });
  const std::string& read = parsed.get_ref<const std::string&>();
  if (!ascii || read == value) return;
  MUST(read.ends_with("...") && value.starts_with(read.substr(0, read.size() - 3)));
}

// Every text of a record is a piece of the input, or all of it.
observe::LogRecord record_of(std::string_view bytes) {
  const auto piece = [bytes](std::size_t number) {
    const std::size_t size = bytes.size() / 8;
    return number == 8 ? bytes : bytes.substr(number * size, size);
  };
  observe::LogRecord record;
  record.id = piece(0);
  record.method = piece(1);
  record.host = piece(2);
  record.target = piece(8);
  record.referer = piece(3);
  record.user_agent = piece(8);
  record.route = piece(4);
  record.pool = piece(5);
  record.backend = piece(6);
  record.end = piece(7);
  record.tls = piece(7);
  record.status = static_cast<int>(bytes.size());
  record.bytes_in = record.bytes_out = UINT64_MAX;
  record.total = std::chrono::microseconds::max();
  record.head = std::chrono::microseconds(-1);
  return record;
}

void check_lines(std::string_view bytes) {
  const observe::LogRecord record = record_of(bytes);
  LogLine combined;
  observe::format_combined(record, "10/Oct/2000:13:55:36 -0700", combined);
  MUST(combined.view().find('\n') == combined.view().size() - 1);
  MUST(is_one_printable_line(combined.view().substr(0, combined.view().size() - 1)));
  LogLine json;
  observe::format_json(record, "2000-10-10T20:55:36", 7, json);
  MUST(json.view().find('\n') == json.view().size() - 1);
  const auto object = nlohmann::json::parse(json.view(), nullptr, false);
  MUST(object.is_object() && object.contains("end") && object.contains("referer"));
}

}  // namespace

void log_line(std::string_view bytes) {
  const support::Exact exact(bytes);
  for (const std::size_t bytes_max : {3U, 4U, 7U, 9U, 16U, 64U, 1024U}) {
    check_quoted(exact.view(), bytes_max);
    check_json(exact.view(), bytes_max);
  }
  check_lines(exact.view());
}

}  // namespace sluice::fuzz
