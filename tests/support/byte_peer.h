// SPDX-License-Identifier: MIT
// The other end of a connection, played byte by byte and without ever waiting: what the socket does
// not take now is sent later, what there is to read is read when asked.
#pragma once

#include <string>
#include <string_view>

#include "proxy/base/fd.h"

namespace sluice::support {

class BytePeer {
 public:
  explicit BytePeer(Fd fd) : fd_(std::move(fd)) {}

  void send(std::string_view bytes);
  // The rest of what was to be sent is forgotten in each of these.
  void half_close();
  void close();
  // With RST over TCP; over a Unix socket as close().
  void reset();
  void set_reading(bool reading) { reading_ = reading; }
  bool reading() const { return reading_; }

  // Sends and reads what is possible now. True if anything moved.
  bool pump();

  bool open() const { return fd_.valid(); }
  // Nothing of ours was shut, closed or reset.
  bool untouched() const { return open() && !shut_; }
  // The connection's end has been read, well or by a reset.
  bool ended() const { return ended_; }
  const std::string& received() const { return received_; }

 private:
  bool send_pending();
  bool receive();

  Fd fd_;
  std::string pending_;
  std::string received_;
  bool reading_ = true;
  bool shut_ = false;
  bool ended_ = false;
};

}  // namespace sluice::support
