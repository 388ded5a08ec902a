// SPDX-License-Identifier: MIT
// Rules of caching as rows of a table: what one client asks, what the origin answers if it is
// asked, and what the client sees. Nothing depends on time passing: what is stale was so when it
// came, by its Age.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::wire {

// Lines are separated by '|'. In `ask` and `origin` a "$" stands for the path of the row, "{-60}"
// and "{+60}" for a date so many seconds from now.
struct Step {
  // "GET", "GET ?query", "HEAD /sub", "GET http://h/$", then field lines. A Host is added.
  std::string ask = "GET";
  // "200|ETag: \"a\""; "close": the connection ends without an answer. Empty: the origin must not
  // be asked; else it must be, once.
  std::string origin = {};
  // "206|Age: 7|!ETag|Age: 7+|X: ~part": the status, fields with that value, one that must not be
  // there, a number that is as large or a little larger, a part of the value.
  std::string see = "200";
  // Likewise, of the request at the origin, with the method in front: "GET|If-None-Match: \"a\"".
  std::string told = {};
  // The body, "-" for an empty one. Unless said: the body of this step where the origin was asked,
  // else of the step before it that has one.
  std::string body = {};
};

struct Row {
  std::string claim;
  std::vector<Step> steps;
};

// What origins say in most tables.
inline const std::string kFresh = "200|Cache-Control: max-age=3600|ETag: \"a\"";
inline const std::string kStale = "200|Cache-Control: max-age=60|Age: 100|ETag: \"a\"";

// The body that the origin sends in the step with that index: "0:abcdefghij".
std::string body_of_step(std::size_t index);

// Runs all rows through one proxy, whose route has that cache, each under a path of its own.
void check_rows(const std::vector<Row>& rows, std::string_view cache = {});

}  // namespace sluice::wire
