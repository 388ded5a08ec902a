// SPDX-License-Identifier: MIT
#include "proxy/handlers/file_body.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace sluice::handlers {

void FileBody::take_instead(cache::BodyPtr copy) {
  copy_ = cache::Cursor(std::move(copy));
  plan_ = BodyPlan();
  plan_.whole(copy_.body()->available());
}

std::string_view FileBody::next_of_copy(std::size_t most) {
  const std::string_view bytes = copy_.piece(most);
  copy_.advance(bytes.size());
  plan_.sent(bytes.size());
  return bytes;
}

std::string_view FileBody::next(std::span<char> space, bool* failed) {
  *failed = false;
  const BodyPlan::Piece piece = plan_.next();
  if (!piece.text.empty()) {
    plan_.sent(piece.text.size());
    return piece.text;
  }
  if (piece.bytes == 0) return {};
  if (!is_file()) return next_of_copy(space.size());
  const std::size_t wanted = std::min<std::uint64_t>(piece.bytes, space.size());
  ssize_t count = 0;
  do {
    count = ::pread(file().fd.get(), space.data(), wanted, static_cast<off_t>(piece.from));
  } while (count < 0 && errno == EINTR);
  *failed = count <= 0;
  if (*failed) return {};
  plan_.sent(static_cast<std::uint64_t>(count));
  return {space.data(), static_cast<std::size_t>(count)};
}

}  // namespace sluice::handlers
