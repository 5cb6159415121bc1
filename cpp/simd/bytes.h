// Bytes beside lanes: a byte for each lane of Vec<T>, widened to integers of its size and narrowed again.
// Compilers take such conversions apart lane by lane, so they are spelled out.
#pragma once

#include "simd/vec.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace strate::STRATE_ISA {

// lanes<T> bytes are read from p; each lies in 0..255.
template <class T> STRATE_INLINE Mask<T> load_bytes(const uint8_t* p) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return Mask<T>(
        _mm512_maskz_cvtepu8_epi32(__mmask16(-1), _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  else
    return Mask<T>(
        _mm512_maskz_cvtepu8_epi64(__mmask8(-1), _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4)
    return Mask<T>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
  else return Mask<T>(_mm256_cvtepu8_epi64(_mm_loadu_si32(p)));
#elif defined(__x86_64__)
  if constexpr (sizeof(T) == 4) {
    const __m128i none = _mm_setzero_si128();
    return Mask<T>(_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_loadu_si32(p), none), none));
  } else {
    return Mask<T>{p[0], p[1]};
  }
#else
  Mask<T> v{};
  for (int i = 0; i < lanes<T>; i++) v[i] = p[i];
  return v;
#endif
}

// lanes<T> bytes are written to p; each lane lies in 0..255.
template <class T> STRATE_INLINE void store_bytes(uint8_t* p, Mask<T> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) _mm512_mask_cvtepi32_storeu_epi8(p, __mmask16(-1), __m512i(v));
  else _mm512_mask_cvtepi64_storeu_epi8(p, __mmask8(-1), __m512i(v));
#elif defined(__AVX2__)
  constexpr char none = -128;
  constexpr char step = sizeof(T);
  const __m128i lowest = sizeof(T) == 4 ? _mm_setr_epi8(0, step, 2 * step, 3 * step, none, none, none, none,
                                                        none, none, none, none, none, none, none, none)
                                        : _mm_setr_epi8(0, step, none, none, none, none, none, none, none,
                                                        none, none, none, none, none, none, none);
  const __m128i low = _mm_shuffle_epi8(_mm256_castsi256_si128(__m256i(v)), lowest);
  const __m128i high = _mm_shuffle_epi8(_mm256_extracti128_si256(__m256i(v), 1), lowest);
  if constexpr (sizeof(T) == 4)
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_unpacklo_epi32(low, high));
  else _mm_storeu_si32(p, _mm_unpacklo_epi16(low, high));
#elif defined(__x86_64__)
  if constexpr (sizeof(T) == 4) {
    const __m128i words = _mm_packs_epi32(__m128i(v), __m128i(v));
    _mm_storeu_si32(p, _mm_packus_epi16(words, words));
  } else {
    p[0] = uint8_t(v[0]);
    p[1] = uint8_t(v[1]);
  }
#else
  for (int i = 0; i < lanes<T>; i++) p[i] = uint8_t(v[i]);
#endif
}

}  // namespace strate::STRATE_ISA
