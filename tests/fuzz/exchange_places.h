// SPDX-License-Identifier: MIT
// The sockets of the exchange fuzzer: where clients connect, where backends listen. They live as
// long as the process, as making them anew for every run would cost more than the run.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "proxy/base/fd.h"
#include "proxy/net/address.h"
#include "tests/support/temp_dir.h"

namespace sluice::fuzz {

class Places {
 public:
  static const Places& get();

  // Where the backend listens, and its address as a configuration has it.
  const Fd& backend(bool tcp) const { return tcp ? tcp_backend_ : unix_backend_; }
  std::string backend_address(bool tcp) const;
  const support::TempDir& directory() const { return directory_; }
  // An address on which nobody listens.
  std::string dead_address() const { return "unix:" + directory_.file("nobody"); }

  // A client's end and the proxy's; neither is valid when the system has no port left.
  // `small`: the proxy's end of a Unix socket takes only a few KiB at a time.
  std::pair<Fd, Fd> connect_client(bool tcp, bool small) const;

 private:
  Places();

  support::TempDir directory_;
  Fd unix_backend_;
  Fd tcp_backend_;
  Fd tcp_clients_;
};

// The next connection that waits there, if there is one.
Fd accept_at(const Fd& listening);
// Closes all of them.
void drop_waiting(const Fd& listening);

// Of the first few hundred descriptors, those that are open; asked in one call.
std::size_t open_descriptors();

}  // namespace sluice::fuzz
