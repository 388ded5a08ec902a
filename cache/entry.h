// SPDX-License-Identifier: MIT
// Entry: one stored response. Its head lies in one allocation and never changes; its Body is shared
// (a response freshened by a 304 is a new Entry with the same Body) and may still grow.
//
// Threading: immutable but for marks that are atomic and for the links that belong to the Store.
// EntryPtr may cross threads; an Entry that the Store let go of lives until its last reader is
// done.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cache/body.h"
#include "cache/counted.h"
#include "cache/key.h"
#include "cache/policy.h"

namespace sluice::cache {

struct Field {
  std::string_view name;
  std::string_view value;
  std::uint8_t tag = 0;  // the caller's, opaque
};

// The fields of an Entry, in order, as views into it.
class FieldList {
 public:
  class Iterator {
   public:
    explicit Iterator(const char* at) : at_(at) {}
    Field operator*() const;
    Iterator& operator++();
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const char* at_;
  };

  FieldList(const char* begin, const char* end) : begin_(begin), end_(end) {}
  Iterator begin() const { return Iterator(begin_); }
  Iterator end() const { return Iterator(end_); }
  bool empty() const { return begin_ == end_; }

 private:
  const char* begin_;
  const char* end_;
};

// What an Entry is made of; views are copied into it.
struct EntryParts {
  Key key;
  int status = 200;
  std::span<const Field> fields;
  Terms terms;
  std::string_view variant;  // opaque; the response with the same key and variant is replaced
  std::string_view tags;     // of Cache-Tag: tokens with blanks between them
  std::optional<std::uint64_t> content_length;  // as announced
  BodyPtr body;                                 // none: a response that has no body
};

class Entry;
using EntryPtr = CountedPtr<Entry>;

class Entry : public Counted<Entry> {
 public:
  // What one costs beyond its own bytes: the allocator's, and its place in the table.
  static constexpr std::size_t kOverhead = 64;

  static EntryPtr create(const EntryParts& parts);
  // Not a response, but the note that those for this key cannot be stored before `until`.
  static EntryPtr create_mark(const Key& key, Time until);

  Key key() const { return {hash_, key_text()}; }
  std::string_view key_text() const { return {bytes(), key_size_}; }
  std::string_view variant() const { return {bytes() + key_size_, variant_size_}; }
  std::string_view tags() const { return {bytes() + key_size_ + variant_size_, tags_size_}; }
  FieldList fields() const {
    const char* begin = bytes() + key_size_ + variant_size_ + tags_size_;
    return {begin, begin + fields_size_};
  }
  // Whether the token stands among tags().
  bool has_tag(std::string_view token) const;
  int status() const { return status_; }
  const Terms& terms() const { return terms_; }
  std::optional<std::uint64_t> content_length() const { return content_length_; }
  const BodyPtr& body() const { return body_; }
  // Its number: that of whatever is created later, in this process, is higher.
  std::uint64_t serial() const { return serial_; }
  // A number between those of what was created before and after.
  static std::uint64_t next_serial();
  // Nothing of it is still to come. What was cut is never whole.
  bool is_whole() const { return !body_ || body_->state() == Body::State::Complete; }
  // What there is of it is all that will ever come.
  bool is_cut() const { return body_ && body_->state() == Body::State::Failed; }
  bool is_mark() const { return is_mark_; }
  Time marked_until() const { return marked_until_; }

  // Purged softly: stale, as if its time were over.
  bool marked_stale() const { return stale_.load(std::memory_order_acquire); }
  void mark_stale() const { stale_.store(true, std::memory_order_release); }

  // Head and body, with kOverhead. Grows with the body.
  std::size_t bytes_charged() const;

  static void destroy(const Entry* entry);

 private:
  friend class EntryChain;
  friend class Replacement;
  friend class Shard;
  template <typename T>
  friend class BucketTable;
  template <typename T>
  friend class UrlLists;

  Entry(const EntryParts& parts, std::size_t fields_size);
  ~Entry() = default;

  // What follows the object in its allocation: key, variant, tags, fields.
  const char* bytes() const;

  // An Entry is stored once in its life: what was taken out does not come back. Held: behind one
  // that is not whole yet, whose place it has again if that is cut.
  enum class Place : std::uint8_t { New, Stored, Held, Gone };

  // What a look-up reads comes first, so that it costs one line of the processor's cache, and one
  // or two for the texts behind the object.
  std::uint32_t key_size_;
  Entry* chain_next_ = nullptr;  // the Shard's, under its mutex
  std::uint64_t hash_;
  Place place_ = Place::New;           // likewise
  std::atomic<std::uint8_t> hits_{0};  // since it was queued; noted by look-ups of any thread
  std::uint8_t queue_ = 0;             // the Replacement's
  bool is_mark_ = false;
  mutable std::atomic<bool> stale_{false};
  std::uint32_t variant_size_;
  std::uint32_t tags_size_;
  std::uint32_t fields_size_;
  int status_;
  BodyPtr body_;

  Terms terms_;
  std::optional<std::uint64_t> content_length_;
  Time marked_until_ = 0;
  const std::uint64_t serial_;
  // The Shard's, under its mutex.
  CountedPtr<Entry> held_;  // while this one is not whole: that whose place it has taken; or none
  Entry* url_next_ = nullptr;
  Entry* url_previous_ = nullptr;
  // The Replacement's, under its mutex.
  Entry* queue_next_ = nullptr;
  Entry* queue_previous_ = nullptr;
  std::size_t charged_ = 0;
};

}  // namespace sluice::cache
