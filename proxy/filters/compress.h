// SPDX-License-Identifier: MIT
// Compress: compresses the bodies of a route's responses ("compress": {}) for the clients that take
// it. What is compressed already, is a part, or must not be changed passes as it is; so does what
// is wanted at once, piece by piece (text/event-stream, X-Accel-Buffering: no). Of everything else
// the client has all within a moment after the backend pauses.
//
// Immutable, shared by all workers; part of a Snapshot. The encoders are the worker's
// (Services::encoders); without one to spare a response passes as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/exchange/response_filter.h"
#include "proxy/filters/encoder.h"

namespace sluice::filters {

// "text/html", "text/*", "application/*+json": at most one star, behind the slash.
class MediaPattern {
 public:
  explicit MediaPattern(std::string_view text);
  // `type` as Content-Type has it, without parameters.
  bool matches(std::string_view type) const;

 private:
  std::string begin_;
  std::string end_;
  bool open_ = false;  // anything may stand between the two
};

struct CompressOptions {
  std::vector<Coding> codings;  // the best first
  std::vector<MediaPattern> types;
  std::uint64_t size_min = 0;  // of bodies whose size is known; others are compressed in any case
  int level = 0;
};

class Compress final : public exchange::ResponseFilter {
 public:
  explicit Compress(CompressOptions options);

  void on_head(exchange::Exchange& exchange, http::ResponseHead& head) const override;

 private:
  bool depends_on_client(const http::ResponseHead& head) const;
  bool is_large_enough(const http::BodyFraming& body, bool is_head) const;
  void on_part(http::ResponseHead& head) const;
  void on_not_modified(exchange::Exchange& exchange, http::ResponseHead& head) const;
  // The place of the client's coding among names_; behind them all: none that we have.
  std::size_t choose_for(const http::RequestHead& request) const;
  bool is_type(const http::Fields& fields) const;

  const CompressOptions options_;
  std::vector<std::string_view> names_;  // of options_.codings
};

}  // namespace sluice::filters
