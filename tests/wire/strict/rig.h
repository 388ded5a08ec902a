// SPDX-License-Identifier: MIT
// One proxy and one backend for a whole table of messages. The backend writes down every request
// that it sees, byte for byte, and the connection it came on; the log is compared line by line at
// the end.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/scripted_backend.h"
#include "tests/support/sluice_process.h"
#include "tests/support/temp_dir.h"
#include "tests/wire/strict/messages.h"

namespace sluice::wire {

// What the backend does with its next requests.
struct Plan {
  std::optional<std::string> answer = {};  // nothing: kOk, or kOkHead for HEAD
  bool closes = false;                     // behind the answer
  std::size_t split = 0;  // sends so many bytes first, and the rest in a second write
};

// A line of the access log.
struct Logged {
  int status;
  std::string word;
  std::string id;  // empty: not known to the test
};

class StrictRig {
 public:
  StrictRig();

  support::RawClient connect(bool tls = false) const;
  void plan(const Plan& plan);

  // Whole requests that have come since the last call, and the number of the connection of the
  // last.
  std::string take_seen();
  int last_connection();
  int connections() const { return backend_.connections(); }
  std::string backend_address() const { return backend_.address(); }

  // A plain GET on `client`, which must be answered with kOk; returns what the backend must see of
  // it, different each time. Its line in the log is expected, too.
  std::string sentinel(support::Connection& client);

  // Returns its number in the log.
  std::size_t expect_logged(Logged line) {
    logged_.push_back(std::move(line));
    return logged_.size() - 1;
  }
  void expect_id(std::size_t line, std::string id) { logged_[line].id = std::move(id); }
  // Compares the whole log.
  void check_log();

 private:
  std::string config();
  void serve(support::BackendConnection& connection);
  bool answer(support::BackendConnection& connection, bool to_head);

  std::mutex mutex_;
  std::string seen_;
  int last_connection_ = -1;
  Plan plan_;
  int sentinels_ = 0;
  std::vector<Logged> logged_;
  support::TempDir directory_;
  support::ScriptedBackend backend_;
  support::SluiceProcess sluice_;
};

}  // namespace sluice::wire
