// SPDX-License-Identifier: MIT
#include "proxy/observe/log_format.h"

namespace sluice::observe {

namespace {

// The longest each value may become, escapes included.
constexpr std::size_t kMethodBytes = 32;
constexpr std::size_t kHostBytes = 256;
constexpr std::size_t kTargetBytes = 4096;
constexpr std::size_t kRefererBytes = 1024;
constexpr std::size_t kUserAgentBytes = 1024;
constexpr std::size_t kIdBytes = 131;
constexpr std::size_t kRouteBytes = 320;
constexpr std::size_t kPoolBytes = 128;
constexpr std::size_t kBackendBytes = 160;
constexpr std::size_t kWordBytes = 64;

// Keys and punctuation of the longer format, its time, client and ten numbers.
constexpr std::size_t kOtherBytes = 300 + LogTime::kBytesMax + IpAddress::kMaxText + 10 * 24;
static_assert(kMethodBytes + kHostBytes + kTargetBytes + kRefererBytes + kUserAgentBytes +
                  kIdBytes + kRouteBytes + kPoolBytes + kBackendBytes + 3 * kWordBytes +
                  kOtherBytes <=
              LogLine::kBytesMax);

std::string_view name_of(http::Version version) {
  return version == http::Version::Http10 ? "HTTP/1.0" : "HTTP/1.1";
}

void quoted_or_dash(std::string_view value, std::size_t bytes_max, LogLine& line) {
  if (value.empty()) return line.text("-");
  line.quoted(value, bytes_max);
}

// `key` brings the punctuation around it.
void json_text(std::string_view key, std::string_view value, std::size_t bytes_max, LogLine& line) {
  line.text(key);
  line.json(value, bytes_max);
  line.text("\"");
}

void json_number(std::string_view key, std::uint64_t number, LogLine& line) {
  line.text(key);
  line.number(number);
}

void json_span(std::string_view key, LogRecord::Span span, LogLine& line) {
  line.text(key);
  line.milliseconds(span);
}

void json_request(const LogRecord& record, LogLine& line) {
  json_text("\",\"method\":\"", record.method, kMethodBytes, line);
  json_text(",\"host\":\"", record.host, kHostBytes, line);
  json_text(",\"path\":\"", record.target, kTargetBytes, line);
  line.text(",\"proto\":\"");
  line.text(name_of(record.version));
  json_number("\",\"status\":", static_cast<std::uint64_t>(record.status), line);
  json_number(",\"bytes_in\":", record.bytes_in, line);
  json_number(",\"bytes_out\":", record.bytes_out, line);
}

void json_answer(const LogRecord& record, LogLine& line) {
  json_text(",\"route\":\"", record.route, kRouteBytes, line);
  json_text(",\"pool\":\"", record.pool, kPoolBytes, line);
  json_text(",\"backend\":\"", record.backend, kBackendBytes, line);
  json_number(",\"attempts\":", static_cast<std::uint64_t>(record.attempts), line);
  line.text(record.reused ? ",\"reused\":true" : ",\"reused\":false");
  json_text(",\"cache\":\"", record.cache, kWordBytes, line);
  json_span(",\"head_ms\":", record.head, line);
  json_span(",\"connect_ms\":", record.connect, line);
  json_span(",\"first_byte_ms\":", record.first_byte, line);
  json_span(",\"total_ms\":", record.total, line);
}

}  // namespace

void format_combined(const LogRecord& record, std::string_view time, LogLine& line) {
  line.address(record.client);
  line.text(" - - [");
  line.text(time);
  line.text("] \"");
  if (record.method.empty()) {
    line.text("-");
  } else {
    line.quoted(record.method, kMethodBytes);
    line.text(" ");
    line.quoted(record.target, kTargetBytes);
    line.text(" ");
    line.text(name_of(record.version));
  }
  line.text("\" ");
  line.number(static_cast<std::uint64_t>(record.status));
  line.text(" ");
  line.number(record.bytes_out);
  line.text(" \"");
  quoted_or_dash(record.referer, kRefererBytes, line);
  line.text("\" \"");
  quoted_or_dash(record.user_agent, kUserAgentBytes, line);
  line.text("\"\n");
}

void format_json(const LogRecord& record, std::string_view time, unsigned milliseconds,
                 LogLine& line) {
  line.text("{\"time\":\"");
  line.text(time);
  const char fraction[] = {'.', static_cast<char>('0' + milliseconds / 100 % 10),
                           static_cast<char>('0' + milliseconds / 10 % 10),
                           static_cast<char>('0' + milliseconds % 10), 'Z'};
  line.text({fraction, sizeof(fraction)});
  json_text("\",\"id\":\"", record.id, kIdBytes, line);
  line.text(",\"client\":\"");
  line.address(record.client);
  json_request(record, line);
  json_answer(record, line);
  json_text(",\"tls\":\"", record.tls, kWordBytes, line);
  json_text(",\"end\":\"", record.end, kWordBytes, line);
  json_text(",\"ua\":\"", record.user_agent, kUserAgentBytes, line);
  json_text(",\"referer\":\"", record.referer, kRefererBytes, line);
  line.text("}\n");
}

std::string_view LogTime::combined(std::time_t second) {
  if (second_ != second) {
    std::tm local{};
    localtime_r(&second, &local);
    size_ = std::strftime(text_, sizeof(text_), "%d/%b/%Y:%H:%M:%S %z", &local);
    second_ = second;
  }
  return {text_, size_};
}

std::string_view LogTime::json(std::time_t second) {
  if (second_ != second) {
    std::tm utc{};
    gmtime_r(&second, &utc);
    size_ = std::strftime(text_, sizeof(text_), "%Y-%m-%dT%H:%M:%S", &utc);
    second_ = second;
  }
  return {text_, size_};
}

}  // namespace sluice::observe
