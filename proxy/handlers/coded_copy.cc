// SPDX-License-Identifier: MIT
#include "proxy/handlers/coded_copy.h"

#include <cstddef>
#include <ctime>
#include <utility>

namespace sluice::handlers {

namespace {

// Nobody's request.
constexpr cache::Want kUncounted{.stale = nullptr, .variant = 0, .counted = false};

}  // namespace

std::optional<std::uint64_t> CodedCopy::use(std::string_view coding) {
  const Source::Name name = source_.name();
  if (name.key.empty()) return std::nullopt;
  key_ = exchange_.arena().join({name.key, "\ncoding:", coding});
  tags_ = name.tags;
  const cache::Key key = store_.key(key_);
  purges_before_ = store_.purges(key);
  cache::Lookup found =
      store_.look_up_or_lead(key, cache::AnyEntry(), std::time(nullptr), kUncounted);
  if (found.kind == cache::Lookup::Kind::Hit) {
    const std::uint64_t size = found.entry->body()->available();
    source_.send_instead(found.entry->body());
    return size;
  }
  constexpr std::size_t kJoinedMax = 3;
  const bool is_one_more =
      found.kind == cache::Lookup::Kind::Join && found.join.flight().joined() <= kJoinedMax;
  if (found.kind != cache::Lookup::Kind::Lead && !is_one_more) return std::nullopt;
  lead_ = std::move(found.lead);
  join_ = std::move(found.join);
  copy_ = store_.new_body(std::nullopt);
  return std::nullopt;
}

void CodedCopy::keep(std::string_view bytes) {
  if (!copy_) return;
  store_.has_room_for(bytes.size()) ? static_cast<void>(copy_.append(bytes)) : copy_.fail();
}

void CodedCopy::keep_end() {
  if (!copy_) return;
  const cache::BodyPtr body = copy_.body();
  copy_.finish();
  const cache::EntryPtr entry =
      cache::Entry::create({.key = store_.key(key_),
                            .fields = {},
                            .terms = {.response_time = std::time(nullptr)},
                            .variant = {},
                            .tags = tags_,
                            .content_length = body->available(),
                            .body = body});
  lead_ ? lead_.publish(entry) : static_cast<void>(store_.insert(entry, purges_before_));
}

void CodedCopy::drop() {
  copy_.fail();
  lead_.fail(cache::Flight::kAbandoned);
}

}  // namespace sluice::handlers
