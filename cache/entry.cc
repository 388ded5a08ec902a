// SPDX-License-Identifier: MIT
#include "cache/entry.h"

#include <cstring>
#include <new>

#include "cache/tokens.h"

namespace sluice::cache {

namespace {

// Before the name and the value of each field; not aligned.
struct FieldHead {
  std::uint32_t name_size;
  std::uint32_t value_size;
  std::uint8_t tag;

  static constexpr std::size_t kSize = 4 + 4 + 1;
};

FieldHead read_head(const char* at) {
  FieldHead head;
  std::memcpy(&head.name_size, at, 4);
  std::memcpy(&head.value_size, at + 4, 4);
  std::memcpy(&head.tag, at + 8, 1);
  return head;
}

char* put(char* at, const void* bytes, std::size_t size) {
  if (size > 0) std::memcpy(at, bytes, size);
  return at + size;
}

char* put(char* at, std::string_view text) {
  return put(at, text.data(), text.size());
}

char* put_field(char* at, const Field& field) {
  const auto name_size = static_cast<std::uint32_t>(field.name.size());
  const auto value_size = static_cast<std::uint32_t>(field.value.size());
  at = put(at, &name_size, sizeof name_size);
  at = put(at, &value_size, sizeof value_size);
  at = put(at, &field.tag, sizeof field.tag);
  return put(put(at, field.name), field.value);
}

std::size_t size_of(std::span<const Field> fields) {
  std::size_t size = 0;
  for (const Field& field : fields) {
    size += FieldHead::kSize + field.name.size() + field.value.size();
  }
  return size;
}

}  // namespace

std::uint64_t Entry::next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

Field FieldList::Iterator::operator*() const {
  const FieldHead head = read_head(at_);
  const char* name = at_ + FieldHead::kSize;
  return {{name, head.name_size}, {name + head.name_size, head.value_size}, head.tag};
}

FieldList::Iterator& FieldList::Iterator::operator++() {
  const FieldHead head = read_head(at_);
  at_ += FieldHead::kSize + head.name_size + head.value_size;
  return *this;
}

Entry::Entry(const EntryParts& parts, std::size_t fields_size)
    : key_size_(static_cast<std::uint32_t>(parts.key.text.size())),
      hash_(parts.key.hash),
      variant_size_(static_cast<std::uint32_t>(parts.variant.size())),
      tags_size_(static_cast<std::uint32_t>(parts.tags.size())),
      fields_size_(static_cast<std::uint32_t>(fields_size)),
      status_(parts.status),
      body_(parts.body),
      terms_(parts.terms),
      content_length_(parts.content_length),
      serial_(next_serial()) {}

EntryPtr Entry::create(const EntryParts& parts) {
  const std::size_t fields_size = size_of(parts.fields);
  const std::size_t extra =
      parts.key.text.size() + parts.variant.size() + parts.tags.size() + fields_size;
  void* memory = ::operator new(sizeof(Entry) + extra);
  Entry* entry = new (memory) Entry(parts, fields_size);
  char* at = static_cast<char*>(memory) + sizeof(Entry);
  at = put(put(put(at, parts.key.text), parts.variant), parts.tags);
  for (const Field& field : parts.fields) at = put_field(at, field);
  return EntryPtr::adopt(entry);
}

EntryPtr Entry::create_mark(const Key& key, Time until) {
  EntryParts parts;
  parts.key = key;
  EntryPtr entry = create(parts);
  entry->is_mark_ = true;
  entry->marked_until_ = until;
  return entry;
}

void Entry::destroy(const Entry* entry) {
  entry->~Entry();
  ::operator delete(const_cast<Entry*>(entry));
}

const char* Entry::bytes() const {
  return reinterpret_cast<const char*>(this + 1);
}

bool Entry::has_tag(std::string_view token) const {
  std::string_view rest = tags();
  while (!rest.empty()) {
    std::size_t size = 0;
    while (size < rest.size() && !is_blank(rest[size])) ++size;
    if (size > 0 && rest.substr(0, size) == token) return true;
    rest.remove_prefix(size < rest.size() ? size + 1 : size);
  }
  return false;
}

std::size_t Entry::bytes_charged() const {
  const std::size_t head = sizeof(Entry) + key_size_ + variant_size_ + tags_size_ + fields_size_;
  return kOverhead + head + (body_ ? body_->bytes_charged() : 0);
}

}  // namespace sluice::cache
