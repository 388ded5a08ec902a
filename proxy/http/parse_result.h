// SPDX-License-Identifier: MIT
// What a head parser answers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/http/bad_message.h"

namespace sluice::http {

enum class ParseStatus : std::uint8_t { Done, NeedMore, Bad };

struct ParseResult {
  ParseStatus status = ParseStatus::NeedMore;
  BadMessage why = BadMessage::None;  // None unless Bad
  std::size_t consumed = 0;           // bytes of the head, empty line included; 0 unless Done

  static constexpr ParseResult done(std::size_t consumed) {
    return {ParseStatus::Done, BadMessage::None, consumed};
  }
  static constexpr ParseResult need_more() { return {ParseStatus::NeedMore, BadMessage::None, 0}; }
  static constexpr ParseResult bad(BadMessage why) { return {ParseStatus::Bad, why, 0}; }
};

}  // namespace sluice::http
