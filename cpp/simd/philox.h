// Philox4x32-10 on registers: 64 random words at a time. Same numbers as core/philox.h (tests compare the
// two).
#pragma once

#include "simd/vec.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace strate::STRATE_ISA {

// Each 64-bit lane holds one 32-bit word in its lower half; the upper half is whatever the last product left
// there.
typedef uint64_t Words __attribute__((vector_size(register_bytes)));
constexpr int word_lanes = register_bytes / 8;
typedef uint32_t NarrowWords __attribute__((vector_size(register_bytes / 2), aligned(4), may_alias));

// Product of the lower halves. Spelled out because compilers multiply all 64 bits otherwise.
STRATE_INLINE Words multiply_words(Words a, Words b) {
#if defined(__AVX512F__)
  // The zero-masking form: GCC 12 warns about an undefined register inside the plain one.
  return reinterpret_cast<Words>(
      _mm512_maskz_mul_epu32(__mmask8(-1), reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Words>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__x86_64__)
  return reinterpret_cast<Words>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

// The keys of the ten rounds.
struct PhiloxKeys {
  uint64_t low[10], high[10];
};
STRATE_INLINE PhiloxKeys philox_keys(uint64_t key) {
  PhiloxKeys keys;
  uint32_t low = uint32_t(key), high = uint32_t(key >> 32);
  for (int round = 0; round < 10; round++, low += 0x9E3779B9u, high += 0xBB67AE85u) {
    keys.low[round] = low;
    keys.high[round] = high;
  }
  return keys;
}

// words[16 w + b] = word w of block `first` + b, b = 0..15: philox(key, first + b, stream).
// `first` is a multiple of 16, so adding b never carries into the upper half.
STRATE_INLINE void philox_blocks(uint32_t* words, const PhiloxKeys& keys, uint64_t first, uint64_t stream) {
  constexpr int parts = 16 / word_lanes;
  for (int part = 0; part < parts; part++) {
    Words c0 = ((first & 0xFFFFFFFFu) + uint64_t(part * word_lanes)) - Words{}, c1 = (first >> 32) - Words{};
    Words c2 = (stream & 0xFFFFFFFFu) - Words{}, c3 = (stream >> 32) - Words{};
    c0 += reinterpret_cast<Words>(lane_numbers<double>());
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
      Words p0 = multiply_words(c0, 0xD2511F53u - Words{}), p1 = multiply_words(c2, 0xCD9E8D57u - Words{});
      c0 = (p1 >> 32) ^ c1 ^ (keys.low[round] - Words{});
      c2 = (p0 >> 32) ^ c3 ^ (keys.high[round] - Words{});
      c1 = p1;
      c3 = p0;
    }
    const Words out[4] = {c0, c1, c2, c3};
#pragma GCC unroll 4
    for (int w = 0; w < 4; w++)
      *reinterpret_cast<NarrowWords*>(words + 16 * w + part * word_lanes) =
          __builtin_convertvector(out[w], NarrowWords);
  }
}

}  // namespace strate::STRATE_ISA
