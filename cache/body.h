// SPDX-License-Identifier: MIT
// Body: the bytes of one response, written by one BodyWriter and read by any number of Cursors
// while it grows. Bytes never move and are never changed once they can be seen, so a view into them
// holds for as long as the Body does.
//
// Memory comes in chunks. With an announced length a chunk is as large as what is still to come (1
// MiB at most); otherwise as large as what is appended or an eighth of what
// is there already, whichever is more, so that at most an eighth (or 512 bytes) of a whole body
// stays unused and nothing has to be trimmed.
//
// Threading: one thread at a time writes; any thread reads, concurrently, without a lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/counted.h"
#include "cache/waiter.h"

namespace sluice::cache {

class Body;
using BodyPtr = CountedPtr<Body>;

// What so many bodies hold together, stored or only under way: of an announced length all of it, as
// long as it may come. Any thread may call anything. Outlives its bodies, which count it.
class BodyMemory : public Counted<BodyMemory> {
 public:
  static CountedPtr<BodyMemory> create() { return CountedPtr<BodyMemory>::adopt(new BodyMemory()); }
  std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  void add(std::size_t bytes) noexcept { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void remove(std::size_t bytes) noexcept { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  BodyMemory() = default;

  std::atomic<std::size_t> bytes_{0};
};

using BodyMemoryPtr = CountedPtr<BodyMemory>;

// Whoever keeps account of a stored body: the Store. Called on the writer's thread with no lock
// held; outlives the writer.
class BodyAccount {
 public:
  virtual void body_grew(const Body& body, std::uint64_t key_hash) = 0;
  // It is complete, or has failed.
  virtual void body_ended(const Body& body, std::uint64_t key_hash) = 0;

 protected:
  ~BodyAccount() = default;
};

class Body : public Counted<Body> {
 public:
  enum class State : std::uint8_t { Filling, Complete, Failed };

  static constexpr std::size_t kChunkMin = 512;
  static constexpr std::size_t kChunkMax = (std::size_t{1} << 20) - 32;  // 1 MiB with its header

  // A body that is there as a whole.
  static BodyPtr of(std::string_view bytes, BodyMemoryPtr memory = {});

  // What can be read. Look at the state first: a Complete body's available() is its length.
  std::uint64_t available() const noexcept { return available_.load(std::memory_order_acquire); }
  State state() const noexcept { return state_.load(std::memory_order_acquire); }
  // It failed, but its response goes on: it has become too large to be kept, or there is no room.
  // REQUIRES: Failed.
  bool outgrown() const noexcept { return outgrown_.load(std::memory_order_relaxed); }
  std::optional<std::uint64_t> announced() const noexcept { return announced_; }
  // Its number, which no other body of this process ever has.
  std::uint64_t serial() const noexcept { return serial_; }
  // All memory it holds, this object included.
  std::size_t bytes_charged() const noexcept { return charged_.load(std::memory_order_seq_cst); }

  // Tells the waiter at the next append, finish or failure. False, and the waiter does not wait,
  // where there is more than the caller has seen or where nothing more will come.
  bool wait(Waiter& waiter, std::uint64_t seen_bytes);
  bool stop_waiting(Waiter& waiter) { return waiters_.stop_waiting(waiter); }

  // The Store's: reports growth and the end from now on. REQUIRES: always the same hash, so one
  // Body stands under one key.
  void report_to(BodyAccount& account, std::uint64_t key_hash);

  static void destroy(const Body* body);

 private:
  friend class BodyWriter;
  friend class Cursor;

  struct Chunk;

  Body(std::optional<std::uint64_t> announced, BodyMemoryPtr memory);
  ~Body();

  void append(std::string_view bytes);
  void add_chunk(std::size_t wanted);
  void count(std::size_t bytes);
  void uncount_rest();
  void end(State state);

  const std::uint64_t serial_;
  const std::optional<std::uint64_t> announced_;
  const BodyMemoryPtr memory_;  // none: it is not counted
  std::atomic<std::uint64_t> available_{0};
  std::atomic<bool> outgrown_{false};  // written before the state says Failed, read after
  std::atomic<State> state_{State::Filling};
  std::atomic<std::size_t> charged_;
  std::atomic<BodyAccount*> account_{nullptr};
  std::atomic<std::uint64_t> key_hash_{0};
  // Written before the bytes in them are available, read after.
  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;    // the writer's
  std::size_t counted_ = 0;  // by memory_; likewise
  WaiterList waiters_;
};

// The right to write a Body; whoever drops it before finish() has failed the body. Move-only.
class BodyWriter {
 public:
  BodyWriter() = default;
  // A new, empty body. Nothing is allocated for an announced length before bytes come.
  explicit BodyWriter(std::optional<std::uint64_t> announced, BodyMemoryPtr memory = {});
  BodyWriter(BodyWriter&&) noexcept = default;
  BodyWriter& operator=(BodyWriter&& other) noexcept;
  BodyWriter(const BodyWriter&) = delete;
  BodyWriter& operator=(const BodyWriter&) = delete;
  ~BodyWriter() { fail(); }

  // True until finish() or fail().
  explicit operator bool() const noexcept { return static_cast<bool>(body_); }
  // REQUIRES: *this writes.
  const BodyPtr& body() const noexcept { return body_; }

  // False where that is more than was announced: the body has failed. REQUIRES: *this writes.
  bool append(std::string_view bytes);
  // False where less came than was announced: the body has failed. REQUIRES: *this writes.
  bool finish();
  // Readers see Failed and what came before; a stored entry with this body is taken out. May be
  // called twice.
  void fail();
  // As fail(), and readers see why: it is outgrown().
  void outgrow();

 private:
  BodyPtr body_;
};

// One reader's place in a Body; keeps it alive. Belongs to one thread.
class Cursor {
 public:
  Cursor() = default;
  explicit Cursor(BodyPtr body) : body_(std::move(body)) {}

  const BodyPtr& body() const noexcept { return body_; }
  std::uint64_t offset() const noexcept { return offset_; }
  // The next bytes that lie in one piece, `most` at most; empty where none are available now. Stays
  // valid as long as the Body.
  std::string_view piece(std::size_t most = SIZE_MAX);
  // REQUIRES: no more than the last piece() had.
  void advance(std::size_t bytes) noexcept { offset_ += bytes; }
  // To any offset, available yet or not. Costs a step for each chunk on the way.
  void seek(std::uint64_t offset) noexcept;

 private:
  BodyPtr body_;
  const Body::Chunk* chunk_ = nullptr;
  std::uint64_t chunk_start_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace sluice::cache
