// SPDX-License-Identifier: MIT
#include "cache/body.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace sluice::cache {

namespace {

constexpr std::size_t kPage = 4096;

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

// Followed by its bytes, in one allocation.
struct Body::Chunk {
  Chunk* next = nullptr;
  std::size_t capacity;
  std::size_t used = 0;  // the writer's; readers go by available()
  bool mapped = false;

  static Chunk* create(std::size_t capacity);
  static void destroy(Chunk* chunk);

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
};

// What is large comes from the system, in whole pages, and goes back to it at once: an allocator
// keeps what it lies among. But there are only so many mappings to be had.
Body::Chunk* Body::Chunk::create(std::size_t capacity) {
  constexpr std::size_t kMappedMin = 128 * 1024;
  std::size_t bytes = sizeof(Chunk) + capacity;
  void* memory = MAP_FAILED;
  if (bytes >= kMappedMin) {
    bytes = (bytes + kPage - 1) / kPage * kPage;
    capacity = bytes - sizeof(Chunk);
    memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  const bool mapped = memory != MAP_FAILED;
  return new (mapped ? memory : ::operator new(bytes)) Chunk{nullptr, capacity, 0, mapped};
}

void Body::Chunk::destroy(Chunk* chunk) {
  const std::size_t bytes = sizeof(Chunk) + chunk->capacity;
  const bool mapped = chunk->mapped;
  chunk->~Chunk();
  if (!mapped) return ::operator delete(chunk);
  // One from the middle of what the system has joined makes two of it, which may be one too many:
  // then at least the pages go back.
  if (::munmap(chunk, bytes) != 0) ::madvise(chunk, bytes, MADV_DONTNEED);
}

Body::Body(std::optional<std::uint64_t> announced, BodyMemoryPtr memory)
    : serial_(next_serial()),
      announced_(announced),
      memory_(std::move(memory)),
      charged_(sizeof(Body)) {
  if (announced_) count(*announced_);
}

Body::~Body() {
  if (memory_) memory_->remove(counted_);
  for (Chunk* chunk = first_; chunk != nullptr;) {
    Chunk* next = chunk->next;
    Chunk::destroy(chunk);
    chunk = next;
  }
}

void Body::destroy(const Body* body) {
  delete body;
}

BodyPtr Body::of(std::string_view bytes, BodyMemoryPtr memory) {
  BodyWriter writer(bytes.size(), std::move(memory));
  BodyPtr body = writer.body();
  writer.append(bytes);
  writer.finish();
  return body;
}

bool Body::wait(Waiter& waiter, std::uint64_t seen_bytes) {
  return waiters_.wait(waiter, [this, seen_bytes] {
    return available_.load(std::memory_order_seq_cst) > seen_bytes ||
           state_.load(std::memory_order_seq_cst) != State::Filling;
  });
}

// The order matters: who writes stores its news and then looks for an account, who stores the
// entry sets the account and then looks for news. So at least one of them sees the other.
void Body::report_to(BodyAccount& account, std::uint64_t key_hash) {
  key_hash_.store(key_hash, std::memory_order_relaxed);
  account_.store(&account, std::memory_order_seq_cst);
}

void Body::append(std::string_view bytes) {
  const std::size_t charged_before = charged_.load(std::memory_order_relaxed);
  std::uint64_t available = available_.load(std::memory_order_relaxed);
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->used == last_->capacity) add_chunk(bytes.size());
    const std::size_t size = std::min(bytes.size(), last_->capacity - last_->used);
    std::memcpy(last_->bytes() + last_->used, bytes.data(), size);
    last_->used += size;
    available += size;
    bytes.remove_prefix(size);
    available_.store(available, std::memory_order_seq_cst);
  }
  if (charged_.load(std::memory_order_relaxed) != charged_before) {
    BodyAccount* account = account_.load(std::memory_order_seq_cst);
    if (account != nullptr) account->body_grew(*this, key_hash_.load(std::memory_order_relaxed));
  }
  waiters_.wake_all();
}

// `wanted` bytes are there to be put into it and into those that follow.
void Body::add_chunk(std::size_t wanted) {
  static_assert((sizeof(Chunk) + kChunkMax) % kPage == 0);
  const std::uint64_t size = available_.load(std::memory_order_relaxed);
  std::size_t capacity = std::max<std::size_t>({wanted, size / 8, kChunkMin});
  if (announced_) capacity = *announced_ - size;
  capacity = std::min(capacity, kChunkMax);
  Chunk* chunk = Chunk::create(capacity);
  const std::size_t bytes = sizeof(Chunk) + chunk->capacity;
  (last_ == nullptr ? first_ : last_->next) = chunk;
  last_ = chunk;
  charged_.fetch_add(bytes, std::memory_order_seq_cst);
  if (!announced_) count(bytes);
}

void Body::count(std::size_t bytes) {
  if (!memory_) return;
  memory_->add(bytes);
  counted_ += bytes;
}

// It comes no more.
void Body::uncount_rest() {
  if (!memory_ || !announced_) return;
  const std::size_t rest = *announced_ - available_.load(std::memory_order_relaxed);
  memory_->remove(rest);
  counted_ -= rest;
}

void Body::end(State state) {
  if (state == State::Failed) uncount_rest();
  state_.store(state, std::memory_order_seq_cst);
  BodyAccount* account = account_.load(std::memory_order_seq_cst);
  if (account != nullptr) account->body_ended(*this, key_hash_.load(std::memory_order_relaxed));
  waiters_.wake_all();
}

BodyWriter::BodyWriter(std::optional<std::uint64_t> announced, BodyMemoryPtr memory)
    : body_(BodyPtr::adopt(new Body(announced, std::move(memory)))) {}

BodyWriter& BodyWriter::operator=(BodyWriter&& other) noexcept {
  if (this != &other) {
    fail();
    body_ = std::move(other.body_);
  }
  return *this;
}

bool BodyWriter::append(std::string_view bytes) {
  if (body_->announced_ && bytes.size() > *body_->announced_ - body_->available()) {
    fail();
    return false;
  }
  if (!bytes.empty()) body_->append(bytes);
  return true;
}

bool BodyWriter::finish() {
  if (body_->announced_ && body_->available() != *body_->announced_) {
    fail();
    return false;
  }
  const BodyPtr body = std::move(body_);
  body->end(Body::State::Complete);
  return true;
}

void BodyWriter::fail() {
  if (!body_) return;
  const BodyPtr body = std::move(body_);
  body->end(Body::State::Failed);
}

void BodyWriter::outgrow() {
  if (body_) body_->outgrown_.store(true, std::memory_order_relaxed);
  fail();
}

std::string_view Cursor::piece(std::size_t most) {
  const std::uint64_t available = body_->available();
  if (offset_ >= available || most == 0) return {};
  if (chunk_ == nullptr) chunk_ = body_->first_;
  // The next chunk is there, as bytes behind this one are available.
  while (offset_ - chunk_start_ >= chunk_->capacity) {
    chunk_start_ += chunk_->capacity;
    chunk_ = chunk_->next;
  }
  const std::size_t skip = offset_ - chunk_start_;
  const std::size_t size =
      std::min<std::size_t>({chunk_->capacity - skip, available - offset_, most});
  return {chunk_->bytes() + skip, size};
}

void Cursor::seek(std::uint64_t offset) noexcept {
  offset_ = offset;
  if (offset >= chunk_start_) return;
  chunk_ = nullptr;
  chunk_start_ = 0;
}

}  // namespace sluice::cache
