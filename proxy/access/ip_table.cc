// SPDX-License-Identifier: MIT
#include "proxy/access/ip_table.h"

#include <sys/mman.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

#include "proxy/base/check.h"

// How threads share a slot
//
// A slot is a key and a word. The word alone decides: whoever changes anything swaps it from
// exactly what it was (compare-and-swap), and a new key is written only while the word is Locked.
//
//   use          read word, read key, swap word
//   replace      swap word to Locked, write key, write word (the next lap)
//
// 1. A swap that succeeds charges the key that was read. Equal words are the same bucket in the
//    same state: within a lap a slot keeps its key, and its word only grows (a charge adds to it,
//    the states but Locked are set by whoever holds the key); a new key, and a word that goes back,
//    begin a new lap. So a word that was seen comes back only after eight laps, on the very same
//    quarter of a nanosecond, between two neighbouring instructions; one request would be charged
//    to another key then.
// 2. A key is in one slot at most: it is entered only under the lock that belongs to it, after all
//    of its slots were searched under that lock. Replacing needs no lock of the key that leaves:
//    once its word is Locked it is gone, for there is no way back to it.
// 3. The orders: a word is read with acquire and a replaced one written with release, so its key is
//    at least as new as it. A key newer than the word has a word that is no longer what was read
//    (Locked came in between), and swaps both acquire and release, so that a key cannot be read
//    before a swap and come from after it.
// 4. What is chosen to be replaced was judged by its word, and the swap to Locked demands that very
//    word: a bucket that refuses in the meantime stays.

namespace sluice::access {

namespace {

using State = BucketWord::State;

SipSecret random_secret() {
  SipSecret secret{};
  CHECK(getrandom(secret.data(), sizeof secret, 0) == static_cast<ssize_t>(sizeof secret));
  return secret;
}

}  // namespace

struct IpTable::Victim {
  // The line with more slots to spare first; in it the slot that will be full first.
  bool better_than(const Victim& other) const {
    return spare != other.spare ? spare > other.spare : full_in < other.full_in;
  }

  Slot* slot = nullptr;  // none: all are exhausted
  BucketWord word;
  std::uint64_t full_in = BucketWord::kHorizon;
  unsigned spare = 0;  // slots of its line that have nothing to remember
};

// Holds the lock of a key. It is held for the time of searching two lines and writing a slot, so
// waiting is rare and short, unless the holder was put off the processor.
class IpTable::Holding {
 public:
  explicit Holding(Lock& lock) : lock_(lock) {
    constexpr unsigned kSpins = 64;
    for (unsigned i = 0; lock_.held.exchange(true, std::memory_order_acquire); ++i) {
      if (i >= kSpins) std::this_thread::yield();
    }
  }
  ~Holding() { lock_.held.store(false, std::memory_order_release); }
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;

 private:
  Lock& lock_;
};

Result<std::unique_ptr<IpTable>> IpTable::create(std::size_t keys) {
  return create(keys, random_secret());
}

Result<std::unique_ptr<IpTable>> IpTable::create(std::size_t keys, const SipSecret& secret) {
  CHECK(keys > 0);
  constexpr std::size_t kMaxLines = std::size_t{1} << 32;
  const std::size_t lines = (keys - 1) / kSlotsPerLine + 1;
  if (lines > kMaxLines) return Error{"", "more than 2^34 keys"};
  // Zeroed memory is a table of vacant slots.
  void* memory = mmap(nullptr, lines * sizeof(Line), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    return Error{"", "cannot reserve " + std::to_string(lines * sizeof(Line)) +
                         " bytes: " + std::generic_category().message(errno)};
  }
  return std::unique_ptr<IpTable>(new IpTable(static_cast<Line*>(memory), lines, secret));
}

IpTable::~IpTable() {
  munmap(lines_at_, bytes());
}

void IpTable::prefetch(Key key) const {
  __builtin_prefetch(&first_line(key), 1);
  __builtin_prefetch(&second_line(key), 1);
}

template <typename Change>
bool IpTable::update(Key key, Change change) {
  for (Line* line : {&first_line(key), &second_line(key)}) {
    for (Slot& slot : line->slots) {
      std::uint64_t bits = slot.word.load(std::memory_order_acquire);
      while (BucketWord(bits).in_use() && slot.key.load(std::memory_order_relaxed) == key) {
        const BucketWord next = change(BucketWord(bits));
        if (next.bits() == bits) return true;
        if (slot.word.compare_exchange_weak(bits, next.bits(), std::memory_order_acq_rel,
                                            std::memory_order_acquire)) {
          return true;
        }
      }
    }
  }
  return false;
}

Outcome IpTable::test(Key key, const TokenBucket& bucket, Time now) {
  Outcome outcome;
  const bool found = update(key, [&outcome, &bucket, now](BucketWord word) {
    outcome = bucket.take(word, now);
    return outcome.kind == Outcome::Kind::Refuse ? outcome.next : word;
  });
  return found ? outcome : bucket.take(BucketWord(), now);
}

Outcome IpTable::take(Key key, const TokenBucket& bucket, Time now) {
  Outcome outcome;
  const bool found = update(key, [&outcome, &bucket, now](BucketWord word) {
    outcome = bucket.take(word, now);
    return outcome.next;
  });
  return found ? outcome : take_new(key, bucket, now);
}

void IpTable::put_back(Key key, const TokenBucket& bucket, Time now) {
  update(key, [&bucket, now](BucketWord word) { return bucket.put_back(word, now); });
}

// The first request of a key, unless another thread has just made it.
Outcome IpTable::take_new(Key key, const TokenBucket& bucket, Time now) {
  const Holding holding(locks_[key % kLocks]);
  for (;;) {
    Outcome outcome;
    const bool found = update(key, [&outcome, &bucket, now](BucketWord word) {
      outcome = bucket.take(word, now);
      return outcome.next;
    });
    if (found) return outcome;
    const Victim victim = choose(key, now);
    if (victim.slot == nullptr) {
      untracked_.fetch_add(1, std::memory_order_relaxed);
      return bucket.take(BucketWord(), now);
    }
    std::uint64_t bits = victim.word.bits();
    if (!victim.slot->word.compare_exchange_strong(bits, victim.word.with(State::Locked).bits(),
                                                   std::memory_order_acq_rel,
                                                   std::memory_order_relaxed)) {
      continue;
    }
    victim.slot->key.store(key, std::memory_order_relaxed);
    outcome = bucket.take(victim.word.with(State::Vacant).next_lap(), now);
    victim.slot->word.store(outcome.next.bits(), std::memory_order_release);
    return outcome;
  }
}

IpTable::Victim IpTable::choose(Key key, Time now) const {
  const Victim first = choose_in(first_line(key), now);
  const Victim second = choose_in(second_line(key), now);
  return second.better_than(first) ? second : first;
}

IpTable::Victim IpTable::choose_in(Line& line, Time now) {
  Victim best;
  unsigned spare = 0;
  for (Slot& slot : line.slots) {
    const BucketWord word(slot.word.load(std::memory_order_acquire));
    if (word.state() == State::Locked || word.exhausted(now)) continue;
    const std::uint64_t full_in = word.in_use() ? word.full_in(now) : 0;
    if (full_in == 0) ++spare;
    if (full_in >= best.full_in) continue;
    best.slot = &slot;
    best.word = word;
    best.full_in = full_in;
  }
  best.spare = spare;
  return best;
}

}  // namespace sluice::access
