// SPDX-License-Identifier: MIT
#include "proxy/http/scan.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace sluice::http::scan {
namespace {

#if defined(__SSE2__)

const char* skip_value_sse2(const char* p, const char* end) {
  for (; end - p >= 16; p += 16) {
    const unsigned bad = not_value16(load16(p));
    if (bad != 0) return p + __builtin_ctz(bad);
  }
  return skip_class(p, end, char_class::kValue);
}

const char* skip_target_sse2(const char* p, const char* end) {
  for (; end - p >= 16; p += 16) {
    const unsigned bad = not_target16(load16(p));
    if (bad != 0) return p + __builtin_ctz(bad);
  }
  return skip_class(p, end, char_class::kTarget);
}

// The two below say the same as their SSE2 sisters, 32 bytes at a time.

__attribute__((target("avx2"))) const char* skip_value_avx2(const char* p, const char* end) {
  for (; end - p >= 32; p += 32) {
    const __m256i bytes =
        _mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(p)));
    const __m256i visible =
        _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, _mm256_set1_epi8(0x20)), bytes);
    const __m256i tab = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\t'));
    const __m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7f));
    const __m256i good = _mm256_andnot_si256(del, _mm256_or_si256(visible, tab));
    const unsigned bad = ~static_cast<unsigned>(_mm256_movemask_epi8(good));
    if (bad != 0) return p + __builtin_ctz(bad);
  }
  return skip_value_sse2(p, end);
}

__attribute__((target("avx2"))) const char* skip_target_avx2(const char* p, const char* end) {
  for (; end - p >= 32; p += 32) {
    const __m256i bytes =
        _mm256_loadu_si256(static_cast<const __m256i*>(static_cast<const void*>(p)));
    const __m256i visible = _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(0x20));
    const __m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7f));
    const __m256i hash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('#'));
    const __m256i good = _mm256_andnot_si256(_mm256_or_si256(del, hash), visible);
    const unsigned bad = ~static_cast<unsigned>(_mm256_movemask_epi8(good));
    if (bad != 0) return p + __builtin_ctz(bad);
  }
  return skip_target_sse2(p, end);
}

bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") != 0;
}

#else

const char* skip_value_table(const char* p, const char* end) {
  return skip_class(p, end, char_class::kValue);
}
const char* skip_target_table(const char* p, const char* end) {
  return skip_class(p, end, char_class::kTarget);
}

#endif

}  // namespace

#if defined(__SSE2__)
const Skip kSkipLongValue = has_avx2() ? skip_value_avx2 : skip_value_sse2;
const Skip kSkipLongTarget = has_avx2() ? skip_target_avx2 : skip_target_sse2;
#else
const Skip kSkipLongValue = skip_value_table;
const Skip kSkipLongTarget = skip_target_table;
#endif

}  // namespace sluice::http::scan
