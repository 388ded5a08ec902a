// SPDX-License-Identifier: MIT
// What request heads, response heads and trailers have in common: lines within limits, the field
// section (RFC 9112 section 5), and what the fields say about framing and persistence (6.3, 9.3).
// For the parsers of this folder only.
//
// The parsers read from the left and judge each byte once, so a message cut at any point gives
// NeedMore or the verdict of the whole message, never another one. Limits keep to that, too: a
// limit is a place behind which no byte is read.
#pragma once

#include <cstddef>

#include "proxy/http/message.h"
#include "proxy/http/parse_result.h"

namespace sluice::http {

// The part of the buffer in which the present line must end.
struct Window {
  const char* end;
  BadMessage beyond;  // what it is to arrive at `end`; None: the bytes received so far ran out

  // The window of a line that begins at `line` in a section that began at `section`.
  static Window of_line(const char* line, std::size_t line_max, BadMessage line_too_long,
                        const char* section, std::size_t section_max, const char* received_end);

  ParseResult at_end() const {
    return beyond == BadMessage::None ? ParseResult::need_more() : ParseResult::bad(beyond);
  }
};

// The answer for a byte that ends a run and is not the CRLF looked for: it names bare CR and bare
// LF, and calls everything else `otherwise`.
BadMessage line_end_fault(char c, BadMessage otherwise);

// Takes CRLF at `p`. `otherwise` is the fault if something else stands there.
ParseResult take_crlf(const char*& p, const Window& window, BadMessage otherwise);

// Takes "HTTP/1.1" or "HTTP/1.0" at `p`.
ParseResult take_version(const char*& p, const Window& window, Version& version);

struct SectionLimits {
  std::size_t field;
  std::size_t section;
  std::size_t fields;
  BadMessage field_too_large;
  BadMessage section_too_large;
};

// Takes field lines up to and with the empty line. `section` is where limits.section counts from.
// Adds to `fields`.
ParseResult take_fields(const char*& p, const char* received_end, const char* section,
                        const SectionLimits& limits, Fields& fields);

SectionLimits section_limits(const HeadLimits& limits);

// The fields that decide about the message itself, gathered in one pass.
struct HeadFacts {
  const Field* host = nullptr;
  const Field* length = nullptr;
  const Field* encoding = nullptr;
  unsigned hosts = 0;
  unsigned lengths = 0;
  unsigned encodings = 0;
  std::size_t options = 0;  // of Connection; at most, as empty ones are counted
  bool close = false;       // options of Connection
  bool keep_alive = false;
  bool upgrade = false;
  bool nominates = false;  // one of them may name a field of this message

  // RFC 9112 9.3. HTTP/1.0 asks for persistence; a gateway may grant it.
  bool persists(Version version) const {
    return !close && (version == Version::Http11 || keep_alive);
  }
};

HeadFacts gather_facts(const Fields& fields);

// Judges Content-Length and Transfer-Encoding (RFC 9112 6.3, but nothing ambiguous is repaired) and
// stores the framing they ask for, which is None with neither of them; refuses too many options of
// Connection on the way. BadMessage::None when all is well.
BadMessage judge_framing(const HeadFacts& facts, Version version, BodyFraming& framing);

}  // namespace sluice::http
