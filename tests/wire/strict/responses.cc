// SPDX-License-Identifier: MIT
#include "tests/wire/strict/responses.h"

#include <catch2/catch.hpp>

#include <algorithm>

namespace sluice::wire {

namespace {

using support::Connection;
using support::RawClient;

// Cuts within the first head, so that what goes wrong behind it comes in one piece.
std::size_t within_head(std::string_view answer) {
  return std::min(answer.find("\r\n\r\n"), answer.size()) / 2;
}

int status_in(std::string_view response) {
  const std::size_t last = response.rfind("HTTP/1.1 ");
  return std::stoi(std::string(response.substr(last + 9, 3)));
}

}  // namespace

void ResponseTable::check_next(Connection& client, int connection, Reuse reuse) {
  const std::string sentinel = rig_.sentinel(client);
  CHECK(rig_.take_seen().ends_with(sentinel));
  CHECK((rig_.last_connection() == connection) == (reuse == Reuse::Yes));
}

void ResponseTable::run(std::string_view request, const Plan& plan, const Expected& expected) {
  const std::time_t since = std::time(nullptr);
  rig_.plan(plan);
  RawClient client = rig_.connect();
  client.send(request);
  Logged logged = expected.logged;
  const std::string response = take_response(client, request.starts_with("HEAD "));
  CHECK(pin(response, since, logged.id) == expected.received);
  rig_.expect_logged(logged);
  const int connection = rig_.last_connection();
  if (!expected.closes) return check_next(client, connection, expected.reuse);
  CHECK(client.recv_to_close().empty());
  CHECK_FALSE(client.closed_by_reset());
  RawClient other = rig_.connect();
  check_next(other, connection, expected.reuse);
}

void ResponseTable::answered(std::span<const AnsweredRow> rows) {
  for (const AnsweredRow& row : rows) {
    INFO(support::printable(row.answer));
    const Expected expected{
        std::string(row.received), row.reuse, row.closes, {status_in(row.received), "ok", {}}};
    for (const std::size_t split : {std::size_t{0}, within_head(row.answer)}) {
      run(row.request, {std::string(row.answer), row.backend_closes, split}, expected);
    }
    ++rows_;
  }
}

void ResponseTable::bad(std::span<const BadAnswerRow> rows, std::string_view before,
                        std::string_view after) {
  for (const BadAnswerRow& row : rows) {
    const std::string answer = std::string(before).append(row.answer).append(after);
    INFO(support::printable(answer));
    const Expected expected{std::string(row.before) + error_page(502, row.word, false),
                            Reuse::No,
                            false,
                            {502, std::string(row.word), {}}};
    for (const std::size_t split : {std::size_t{0}, within_head(answer)}) {
      run(row.request, {answer, row.backend_closes, split}, expected);
    }
    ++rows_;
  }
}

// What had arrived of the answer when it went wrong may be on its way to the client, or not yet.
void ResponseTable::run_broken(const BrokenRow& row, std::size_t split) {
  rig_.plan({std::string(row.answer), row.backend_closes, split});
  RawClient client = rig_.connect();
  client.send(row.request);
  const std::string received = client.recv_to_close();
  CHECK(client.closed_by_reset());
  CHECK(row.received_at_most.starts_with(received));
  rig_.expect_logged({status_in(row.received_at_most), std::string(row.word), {}});
  RawClient other = rig_.connect();
  check_next(other, rig_.last_connection(), Reuse::No);
}

void ResponseTable::broken(std::span<const BrokenRow> rows) {
  for (const BrokenRow& row : rows) {
    INFO(support::printable(row.answer));
    run_broken(row, 0);
    run_broken(row, within_head(row.answer));
    ++rows_;
  }
}

std::size_t ResponseTable::finish() {
  rig_.check_log();
  return rows_;
}

}  // namespace sluice::wire
