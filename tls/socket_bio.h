// SPDX-License-Identifier: MIT
// The wire under one TLS connection: a non-blocking stream socket as OpenSSL sees it.
//
// It differs from OpenSSL's own socket BIO in three ways. A short read is remembered: the socket is
// not read again before the next readable edge. The records of one call are collected and leave
// with one write(2), or are held back for the next; what the socket does not take is held here, so
// OpenSSL never sees a full socket. And the errno of a failure is kept. A connection at rest owns
// no buffer.
//
// Used by one thread. Borrows the descriptor, and never closes it.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tls/ptr.h"

namespace sluice::tls {

class SocketBio {
 public:
  explicit SocketBio(int fd) : fd_(fd) {}

  SocketBio(const SocketBio&) = delete;
  SocketBio& operator=(const SocketBio&) = delete;

  // A BIO over this object, which must outlive it and stay where it is. Null when memory is short.
  BioPtr make_bio();

  // From begin() to end() records are collected in `scratch`, which the caller lends. The record
  // announced by send_next() goes out with those collected, without being copied.
  void begin(std::span<char> scratch);
  void send_next() { send_next_ = true; }
  // Sends what was collected, and holds what the socket did not take.
  void end();
  // Holds what was collected, until the next that is sent takes it along.
  void hold_back();

  // So many bytes may be received, about, before OpenSSL is told to wait, though there may be more:
  // what it reads for itself, such as new keys, would else go on as long as a peer sends it.
  void allow(std::size_t bytes) { allowed_ = bytes; }
  std::uint64_t received_bytes() const { return received_; }

  // Tries to send what is held.
  void flush();
  bool holds_output() const { return held_from_ < held_.size(); }
  bool owns_buffer() const { return held_.capacity() > 0; }
  // What is held waits for the socket.
  bool blocked() const { return blocked_; }
  // So much is held that OpenSSL is told to wait: the peer provokes answers and reads none.
  bool is_full() const { return held().size() >= kMaxHeld; }

  // See Session.
  void on_readable() { drained_ = false; }
  void on_peer_closed();
  bool drained() const { return drained_; }  // nothing to read before the next edge
  bool at_end() const { return at_end_; }    // the peer closed its direction
  int error() const { return error_; }       // errno of the first failure; 0: none

 private:
  static constexpr std::size_t kMaxHeld = 128 * 1024;

  static int bio_read(bio_st* bio, char* into, std::size_t size, std::size_t* got);
  static int bio_write(bio_st* bio, const char* from, std::size_t size, std::size_t* taken);
  static long bio_control(bio_st* bio, int command, long number, void* argument);
  static int bio_create(bio_st* bio);
  static BioMethodPtr make_method();

  enum class Step { Done, Wait, Failed };
  Step receive(std::span<char> into, std::size_t& got);
  Step put(std::span<const char> record);
  std::size_t send(std::span<const iovec> pieces);
  void send_or_hold(std::span<const char> first, std::span<const char> second);
  std::span<const char> held() const { return std::span(held_).subspan(held_from_); }
  void hold(std::span<const char> bytes) { held_.insert(held_.end(), bytes.begin(), bytes.end()); }

  const int fd_;
  int error_ = 0;
  bool drained_ = false;
  bool peer_closed_ = false;
  bool at_end_ = false;
  bool send_next_ = false;
  bool blocked_ = false;
  std::size_t allowed_ = SIZE_MAX;
  std::uint64_t received_ = 0;
  std::span<char> scratch_;    // borrowed between begin() and end()
  std::size_t collected_ = 0;  // of scratch_
  std::vector<char> held_;     // encrypted, and not sent so far; freed when all are
  std::size_t held_from_ = 0;
};

}  // namespace sluice::tls
