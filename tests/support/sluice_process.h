// SPDX-License-Identifier: MIT
// The real binary, run with a config of the test.
//
// Listeners are written with port 0; the binary prints `listening on SCHEME://ADDRESS:PORT` (or
// `listening on http+unix:/path`) to stdout for each, in the order of the config. One that names no
// admin listener gets one, on a Unix socket in the process's directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

namespace sluice::support {

class SluiceProcess {
 public:
  // Starts `sluice run` on a file with this text and waits until every listener is open. Fails,
  // with what the binary said, when it ends instead.
  explicit SluiceProcess(std::string_view config, const ProcessOptions& options = {});

  // Of the listener with that index in the config.
  int port(std::size_t listener = 0) const;
  // As printed: "http://127.0.0.1:41233".
  const std::string& listener(std::size_t index = 0) const { return listeners_.at(index); }

  RawClient connect(std::size_t listener = 0, const ClientOptions& options = {}) const;

  // To the admin listener that a config without one was given.
  RawClient connect_admin() const { return RawClient(admin_path()); }

  // Replaces the config file, sends SIGHUP, and waits for the verdict: true for `configuration
  // reloaded`, false for `reload failed`.
  bool reload(std::string_view config, Deadline deadline = {});

  // SIGTERM, which drains, and SIGINT, which stops at once; both wait for the end.
  ExitStatus terminate(Deadline deadline = {});
  ExitStatus interrupt(Deadline deadline = {});

  // What was printed besides the lines of the listeners: the access log where it goes to stdout.
  std::string access_log() const;
  // Waits until the access log on stdout has that text.
  void wait_for_access_log(std::string_view text, Deadline deadline = {});
  // Waits until stderr has that text, at or after `from`; returns the position after it.
  std::size_t wait_for_log(std::string_view text, std::size_t from = 0, Deadline deadline = {});
  std::string log() const { return process_.output(Stream::Err); }

  Process& process() { return process_; }
  pid_t process_id() const { return process_.pid(); }
  const TempDir& directory() const { return directory_; }
  const std::string& config_path() const { return config_path_; }

 private:
  std::string admin_path() const { return directory_.file("admin.sock"); }
  std::string with_admin(std::string_view config) const;
  ExitStatus end_with(int signal, const Deadline& deadline);

  TempDir directory_;
  std::string config_path_;
  Process process_;
  std::vector<std::string> listeners_;
  std::size_t log_start_ = 0;  // in stdout: after the last line of a listener
};

// `sluice check` on a file with this text.
Finished check_config(std::string_view config);

}  // namespace sluice::support
