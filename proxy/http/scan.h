// SPDX-License-Identifier: MIT
// Finding where a run of allowed bytes ends: the inner loops of the parsers.
//
// On x86-64 the first 16 bytes are judged inline with SSE2, which every such CPU has, as most names
// and many values end there; longer runs go on with AVX2 where the CPU has it, chosen once at
// start-up. Elsewhere the class table does it. All of them read [p, end) and nothing else.
#pragma once

#include "proxy/http/chars.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::http::scan {

using Skip = const char* (*)(const char* p, const char* end);

// Set before main() runs; do not parse in the initialiser of a static object.
extern const Skip kSkipLongValue;
extern const Skip kSkipLongTarget;

inline const char* skip_class(const char* p, const char* end, std::uint8_t classes) {
  while (p != end && is_class(*p, classes)) ++p;
  return p;
}

#if defined(__SSE2__)

inline __m128i load16(const char* p) {
  return _mm_loadu_si128(static_cast<const __m128i*>(static_cast<const void*>(p)));
}

inline unsigned mask16(__m128i bytes) {
  return static_cast<unsigned>(_mm_movemask_epi8(bytes));
}

// 0xff for each byte with byte - low <= width, all unsigned.
inline __m128i in_range(__m128i bytes, char low, char width) {
  const __m128i offset = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
  return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(width)), offset);
}

// A bit for each byte that may not stand in a field value.
inline unsigned not_value16(__m128i bytes) {
  const __m128i visible = _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8(0x20)), bytes);
  const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  return mask16(_mm_andnot_si128(del, _mm_or_si128(visible, tab))) ^ 0xffffU;
}

// A bit for each byte that may not stand in a request target. Bytes above 0x7f are negative.
inline unsigned not_target16(__m128i bytes) {
  const __m128i visible = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(0x20));
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  const __m128i hash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('#'));
  return mask16(_mm_andnot_si128(_mm_or_si128(del, hash), visible)) ^ 0xffffU;
}

// A bit for each byte that is no letter, digit or '-': all that common names are made of.
inline unsigned not_plain_name16(__m128i bytes) {
  const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  const __m128i alpha = in_range(folded, 'a', 25);
  const __m128i digit = in_range(bytes, '0', 9);
  const __m128i dash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
  return mask16(_mm_or_si128(_mm_or_si128(alpha, digit), dash)) ^ 0xffffU;
}

inline const char* skip_value(const char* p, const char* end) {
  if (end - p >= 16) {
    const unsigned bad = not_value16(load16(p));
    if (bad != 0) return p + __builtin_ctz(bad);
    p += 16;
  }
  return kSkipLongValue(p, end);
}

inline const char* skip_target(const char* p, const char* end) {
  if (end - p >= 16) {
    const unsigned bad = not_target16(load16(p));
    if (bad != 0) return p + __builtin_ctz(bad);
    p += 16;
  }
  return kSkipLongTarget(p, end);
}

// The table finishes what is not plain: rarer token characters, and the last bytes of a buffer.
inline const char* skip_token(const char* p, const char* end) {
  while (end - p >= 16) {
    const unsigned other = not_plain_name16(load16(p));
    if (other == 0) {
      p += 16;
      continue;
    }
    p += __builtin_ctz(other);
    break;
  }
  return skip_class(p, end, char_class::kToken);
}

#else

inline const char* skip_value(const char* p, const char* end) {
  return kSkipLongValue(p, end);
}
inline const char* skip_target(const char* p, const char* end) {
  return kSkipLongTarget(p, end);
}
inline const char* skip_token(const char* p, const char* end) {
  return skip_class(p, end, char_class::kToken);
}

#endif

}  // namespace sluice::http::scan
