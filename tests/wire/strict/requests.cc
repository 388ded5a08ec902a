// SPDX-License-Identifier: MIT
#include "tests/wire/strict/requests.h"

#include <catch2/catch.hpp>

namespace sluice::wire {

namespace {

using support::Connection;
using support::RawClient;

// What may follow a refused message must not be served.
constexpr std::string_view kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

int status_in(std::string_view response) {
  const std::size_t last = response.rfind("HTTP/1.1 ");
  return std::stoi(std::string(response.substr(last + 9, 3)));
}

}  // namespace

RequestTable::RequestTable(bool some_over_tls) : some_over_tls_(some_over_tls) {
  RawClient client = rig_.connect();  // so that there is an idle connection to the backend
  rig_.sentinel(client);
  rig_.take_seen();
}

RawClient RequestTable::send(std::string_view bytes, const Way& way) {
  RawClient client = rig_.connect(way.tls);
  // It may be refused after the first half already.
  if (client.try_send(bytes.substr(0, way.split))) client.try_send(bytes.substr(way.split));
  if (!way.behind.empty()) client.try_send(way.behind);
  return client;
}

std::string RequestTable::check_sentinel(Connection& client, std::string_view seen_before) {
  const std::string sentinel = rig_.sentinel(client);
  std::string ids;
  CHECK(pin(rig_.take_seen(), std::time(nullptr), ids) == std::string(seen_before) + sentinel);
  return ids;
}

void RequestTable::refuse_once(const RefusedRow& row, const Way& way) {
  const std::time_t since = std::time(nullptr);
  const int connections = rig_.connections();
  {
    RawClient client = send(row.sent, way);
    std::string id;
    const bool to_head = row.sent.starts_with("HEAD ");
    const std::string page = take_response(client, to_head);
    std::string expected = error_page(row.status, row.word, true);
    if (to_head) expected.resize(expected.find("\r\n\r\n") + 4);
    CHECK(pin(page, since, id) == expected);
    CHECK(client.recv_to_close().empty());
    CHECK_FALSE(client.closed_by_reset());
    rig_.expect_logged({row.status, std::string(row.word), id});
  }
  RawClient other = rig_.connect();
  check_sentinel(other, {});
  CHECK(rig_.connections() == connections);
}

void RequestTable::refused(std::span<const RefusedRow> rows, Frame frame) {
  for (const RefusedRow& row : rows) {
    std::string sent(frame.before);
    sent.append(row.sent).append(frame.after);
    INFO(support::printable(sent));
    const RefusedRow whole{sent, row.status, row.word};
    refuse_once(whole, {});
    refuse_once(whole, {.behind = kSmuggled});
    refuse_once(whole, {.split = sent.size() / 2, .behind = kSmuggled});
    refuse_once(whole, {.split = sent.size() - 1});
    if (next_is_tls()) refuse_once(whole, {.split = 1, .tls = true, .behind = kSmuggled});
    ++rows_;
  }
}

void RequestTable::pass_once(const PassedRow& row, const Way& way) {
  const std::time_t since = std::time(nullptr);
  RawClient client = send(row.sent, way);
  const bool to_head = row.sent.starts_with("HEAD ");
  std::string received;
  std::string unused;
  std::size_t line = 0;
  while (received.size() < row.received.size()) {
    const std::string response = take_response(client, to_head);
    line = rig_.expect_logged({status_in(response), "ok", {}});
    received += pin(response, since, unused);
  }
  CHECK(received == row.received);
  if (!row.closes) return rig_.expect_id(line, check_sentinel(client, row.forwarded));
  CHECK(client.recv_to_close().empty());
  CHECK_FALSE(client.closed_by_reset());
  RawClient other = rig_.connect();
  rig_.expect_id(line, check_sentinel(other, row.forwarded));
}

void RequestTable::passed(std::span<const PassedRow> rows) {
  for (const PassedRow& row : rows) {
    INFO(support::printable(row.sent));
    pass_once(row, {});
    pass_once(row, {.split = row.sent.size() / 2});
    pass_once(row, {.split = row.sent.size() - 1});
    if (next_is_tls()) pass_once(row, {.split = 1, .tls = true});
    ++rows_;
  }
}

void RequestTable::fields(std::span<const FieldRow> rows, Frame sent, Frame forwarded) {
  const auto within = [](const Frame& frame, std::string_view text) {
    return std::string(frame.before).append(text).append(frame.after);
  };
  for (const FieldRow& row : rows) {
    const std::string from = within(sent, row.sent);
    const std::string to = within(forwarded, row.left);
    passed(PassedRow{from, to});
  }
}

void RequestTable::cut(std::span<const std::string_view> rows, std::string_view before,
                       std::string_view logged) {
  for (const std::string_view row : rows) {
    const std::string sent = std::string(before).append(row);
    INFO(support::printable(sent));
    const int connections = rig_.connections();
    RawClient client = send(sent, {.split = sent.size() / 2});
    client.half_close();
    CHECK(client.recv_to_close().empty());
    if (!logged.empty()) rig_.expect_logged({499, std::string(logged), {}});
    RawClient other = rig_.connect();
    check_sentinel(other, {});
    CHECK(rig_.connections() == connections);
    ++rows_;
  }
}

std::size_t RequestTable::finish() {
  rig_.check_log();
  return rows_;
}

}  // namespace sluice::wire
