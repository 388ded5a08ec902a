// SPDX-License-Identifier: MIT
#include "proxy/observe/access_log.h"

#include <algorithm>
#include <ctime>

#include "proxy/exchange/exchange.h"
#include "proxy/observe/log_ring.h"

namespace sluice::observe {

namespace {

using exchange::Exchange;
using TimePoint = decltype(exchange::Times::begin);

LogRecord::Span between(TimePoint from, TimePoint to) {
  if (from == TimePoint() || to == TimePoint()) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

// When nothing but the backend was left to wait for: the request was sent whole, unless the backend
// answered before that.
TimePoint wait_began(const exchange::BackendTrace& trace) {
  const TimePoint ready = std::max(trace.began, trace.connected);
  return trace.asked <= trace.answered ? std::max(ready, trace.asked) : ready;
}

void note_times(const exchange::Times& times, const exchange::BackendTrace& trace,
                LogRecord& record) {
  record.head = between(times.begin, times.head);
  record.connect = between(trace.began, trace.connected);
  record.first_byte = between(wait_began(trace), trace.answered);
  record.total = between(times.begin, times.end);
}

}  // namespace

LogRecord log_record_of(const Exchange& exchange) {
  const http::RequestHead& request = exchange.request();
  const exchange::BackendTrace& trace = exchange.backend_trace();
  LogRecord record;
  record.client = exchange.client_address();
  record.id = exchange.request_id();
  record.method = request.method_text;
  record.host = request.host;
  record.target = request.target;
  record.version = request.version;
  record.referer = request.fields.value(http::FieldId::Referer);
  record.user_agent = request.fields.value(http::FieldId::UserAgent);
  record.status = exchange.status();
  record.bytes_in = exchange.bytes_in();
  record.bytes_out = exchange.bytes_out();
  if (exchange.match()) record.route = exchange.match().route->name;
  record.pool = trace.pool;
  record.backend = trace.address;
  record.attempts = trace.attempts;
  record.reused = trace.reused;
  record.cache = exchange::word_of(exchange.cache_use());
  note_times(exchange.times(), trace, record);
  record.tls = exchange.client().tls_version;
  record.end = exchange::word_of(exchange.failure());
  return record;
}

void AccessLog::on_finished(const Exchange& exchange) {
  if (format_ == conf::AccessLogFormat::Off) return;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);  // through the vDSO
  LogLine line;
  const LogRecord record = log_record_of(exchange);
  if (format_ == conf::AccessLogFormat::Json) {
    const auto milliseconds = static_cast<unsigned>(now.tv_nsec / 1'000'000);
    format_json(record, time_.json(now.tv_sec), milliseconds, line);
  } else {
    format_combined(record, time_.combined(now.tv_sec), line);
  }
  ring_.push(line.view());
}

}  // namespace sluice::observe
