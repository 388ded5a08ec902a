// SPDX-License-Identifier: MIT
// Rows of the request table, and what is checked of each: the bytes from the client, the bytes that
// the backend must see, or that it must see nothing, and the bytes that the client must get.
//
// Each row runs whole, in two writes, and some over TLS. Behind each comes a plain request, which
// must be the next thing that the backend sees: that is how "nothing" is proved without waiting.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tests/wire/strict/rig.h"

namespace sluice::wire {

// A request that is answered with an error page, and the end of the connection.
struct RefusedRow {
  std::string_view sent;
  int status;
  std::string_view word;  // in the log
};

// Put around what each row of a table has.
struct Frame {
  std::string_view before = {};
  std::string_view after = {};
};

// A request that passes. In `forwarded` and `received` stand {id} and {date} for what pin() judges.
struct PassedRow {
  std::string_view sent;
  std::string_view forwarded;  // empty: the backend must see nothing
  std::string_view received = kOk;
  bool closes = false;  // the connection, behind the answer
};

// Field lines, or trailers, and what is left of them.
struct FieldRow {
  std::string_view sent;
  std::string_view left;
};

// An open table, with its proxy.
class RequestTable {
 public:
  explicit RequestTable(bool some_over_tls = true);

  void refused(std::span<const RefusedRow> rows, Frame frame = {});
  void refused(const RefusedRow& row) { refused(std::span(&row, 1)); }
  void passed(std::span<const PassedRow> rows);
  void passed(const PassedRow& row) { passed(std::span(&row, 1)); }
  // Each row stands in a frame, once as sent and once as forwarded.
  void fields(std::span<const FieldRow> rows, Frame sent, Frame forwarded);
  // The client's side ends behind these bytes: it gets nothing, and the log has `logged`, if that
  // is a word, with 499.
  void cut(std::span<const std::string_view> rows, std::string_view before,
           std::string_view logged);

  StrictRig& rig() { return rig_; }
  // Compares the whole log of the table, and says how many rows there were.
  std::size_t finish();

 private:
  struct Way {
    std::size_t split = 0;
    bool tls = false;
    std::string_view behind = {};
  };

  support::RawClient send(std::string_view bytes, const Way& way);
  void refuse_once(const RefusedRow& row, const Way& way);
  void pass_once(const PassedRow& row, const Way& way);
  bool next_is_tls() { return some_over_tls_ && rows_ % 8 == 0; }
  // Returns the request ids that the backend saw.
  std::string check_sentinel(support::Connection& client, std::string_view seen_before);

  StrictRig rig_;
  bool some_over_tls_;
  std::size_t rows_ = 0;
};

}  // namespace sluice::wire
