// SPDX-License-Identifier: MIT
// An origin of which each path has its own answers, one after the other, and Sluice with a cache in
// front of it. For the tests of the cache.
#pragma once

#include <ctime>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/http_reader.h"
#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"

namespace sluice::wire {

struct OriginAnswer {
  int status = 200;
  support::Fields fields;
  std::string body = "body";
};

// Answers a path with its first answer, then the second, and the last again and again. A 304 has no
// body.
class Origin {
 public:
  explicit Origin(std::map<std::string, std::vector<OriginAnswer>> answers);

  const support::ScriptedBackend& backend() const { return backend_; }
  support::ScriptedBackend& backend() { return backend_; }
  // The requests for that path, in order.
  std::vector<support::Request> requests(std::string_view target) const;
  std::size_t count(std::string_view target) const { return requests(target).size(); }

 private:
  void serve(support::BackendConnection& connection);

  std::mutex mutex_;
  std::map<std::string, std::vector<OriginAnswer>> answers_;
  std::map<std::string, std::size_t> asked_;  // guarded by mutex_
  support::ScriptedBackend backend_;
};

// One route with a cache: `cache` is what stands between the braces of its "cache".
std::string caching(const support::ScriptedBackend& backend, std::string_view cache = {},
                    std::string_view more = {});

// One GET on a connection of its own; `fields` are whole lines, each with its CRLF.
support::Response get(const support::SluiceProcess& sluice, std::string_view target,
                      std::string_view fields = {});
support::Response ask(const support::SluiceProcess& sluice, std::string_view method,
                      std::string_view target, std::string_view fields = {});

// What the admin listener says of the cache, as JSON.
std::string cache_stats(const support::SluiceProcess& sluice);
support::Response post_to_admin(const support::SluiceProcess& sluice, const std::string& target);

// As a Date field has it.
std::string http_date(std::time_t time);

std::string as_chunk(std::string_view bytes);
// Cacheable, with further lines, and a chunked body behind it.
std::string chunked_head(std::string_view fields, int status = 200);

// Connections of their own, each with a GET of /a under way.
std::vector<support::RawClient> crowd(const support::SluiceProcess& sluice, int count,
                                      std::string_view fields = {});
void wait_for_in_flight(const support::SluiceProcess& sluice, int count);

}  // namespace sluice::wire
