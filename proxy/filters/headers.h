// SPDX-License-Identifier: MIT
// HeaderFilter: edits the fields of a route's responses ("headers": {"response": ...}). An error
// page in the place of one has not its content, nor its time to be kept: a cache would keep the
// failure. Immutable, shared by all workers; part of a Snapshot, which the exchanges that use it
// keep alive.
#pragma once

#include <string_view>
#include <utility>

#include "proxy/exchange/response_filter.h"
#include "proxy/http/field_edits.h"

namespace sluice::filters {

class HeaderFilter final : public exchange::ResponseFilter {
 public:
  explicit HeaderFilter(http::FieldEdits edits) : edits_(std::move(edits)) {}

  void on_head(exchange::Exchange& exchange, http::ResponseHead& head) const override;
  // What is set or removed is not told by another way.
  bool passes(std::string_view name) const override { return !edits_.manages(name); }

 private:
  http::FieldEdits edits_;
};

}  // namespace sluice::filters
