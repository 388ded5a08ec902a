// SPDX-License-Identifier: MIT
// Rows of the response table, and what is checked of each: the backend's bytes, the bytes that the
// client must get, and whether the backend's connection may serve another request, which the next
// request shows by the connection that it comes on.
//
// Each row runs in one write and with its head in two.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tests/wire/strict/rig.h"

namespace sluice::wire {

inline constexpr std::string_view kPlainGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
inline constexpr std::string_view kPlainHead = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";

enum class Reuse { Yes, No };

// A response that passes.
struct AnsweredRow {
  std::string_view answer;
  std::string_view received;
  Reuse reuse = Reuse::Yes;
  std::string_view request = kPlainGet;
  bool backend_closes = false;
  bool closes = false;  // the client's connection, behind the answer
};

// One that does not: the client gets a 502 and may go on, the backend's connection may not.
struct BadAnswerRow {
  std::string_view answer;
  std::string_view word;
  bool backend_closes = false;
  std::string_view before = {};  // what the client gets before the 502: interim responses
  std::string_view request = kPlainGet;
};

// One that goes wrong behind its head: the client gets no more than this, and then a reset.
struct BrokenRow {
  std::string_view answer;
  std::string_view received_at_most;
  std::string_view word;
  bool backend_closes = true;
  std::string_view request = kPlainGet;
};

class ResponseTable {
 public:
  void answered(std::span<const AnsweredRow> rows);
  void answered(const AnsweredRow& row) { answered(std::span(&row, 1)); }
  // Each row stands between `before` and `after`.
  void bad(std::span<const BadAnswerRow> rows, std::string_view before = {},
           std::string_view after = {});
  void bad(const BadAnswerRow& row) { bad(std::span(&row, 1)); }
  void broken(std::span<const BrokenRow> rows);

  // Compares the whole log of the table, and says how many rows there were.
  std::size_t finish();

 private:
  struct Expected {
    std::string received;
    Reuse reuse;
    bool closes;
    Logged logged;
  };

  void run(std::string_view request, const Plan& plan, const Expected& expected);
  void run_broken(const BrokenRow& row, std::size_t split);
  void check_next(support::Connection& client, int connection, Reuse reuse);

  StrictRig rig_;
  std::size_t rows_ = 0;
};

}  // namespace sluice::wire
