// The first few lanes of a register: rows whose length is not a multiple of it are read and written without
// touching what lies behind them.
#pragma once

#include "simd/vec.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace strate::STRATE_ISA {

#if defined(__AVX512F__)

template <class T> struct First;
template <> struct First<float> {
  __mmask16 lanes;
};
template <> struct First<double> {
  __mmask8 lanes;
};
template <class T> STRATE_INLINE First<T> first(int64_t count) {
  return {decltype(First<T>::lanes)((1u << count) - 1)};
}

STRATE_INLINE Vec<float> load(const float* p, First<float> f) {
  return Vec<float>(_mm512_maskz_loadu_ps(f.lanes, p));
}
STRATE_INLINE Vec<double> load(const double* p, First<double> f) {
  return Vec<double>(_mm512_maskz_loadu_pd(f.lanes, p));
}
STRATE_INLINE void store(float* p, Vec<float> v, First<float> f) {
  _mm512_mask_storeu_ps(p, f.lanes, __m512(v));
}
STRATE_INLINE void store(double* p, Vec<double> v, First<double> f) {
  _mm512_mask_storeu_pd(p, f.lanes, __m512d(v));
}

#elif defined(__AVX2__)

template <class T> struct First {
  Mask<T> lanes;
};
template <class T> STRATE_INLINE First<T> first(int64_t count) {
  using Int = typename VecTypes<T>::Int;
  return {lane_numbers<T>() < Int(count) - Mask<T>{}};
}

STRATE_INLINE Vec<float> load(const float* p, First<float> f) {
  return Vec<float>(_mm256_maskload_ps(p, __m256i(f.lanes)));
}
STRATE_INLINE Vec<double> load(const double* p, First<double> f) {
  return Vec<double>(_mm256_maskload_pd(p, __m256i(f.lanes)));
}
STRATE_INLINE void store(float* p, Vec<float> v, First<float> f) {
  _mm256_maskstore_ps(p, __m256i(f.lanes), __m256(v));
}
STRATE_INLINE void store(double* p, Vec<double> v, First<double> f) {
  _mm256_maskstore_pd(p, __m256i(f.lanes), __m256d(v));
}

#else

template <class T> struct First {
  int64_t lanes;
};
template <class T> STRATE_INLINE First<T> first(int64_t count) { return {count}; }

STRATE_INLINE Vec<float> load(const float* p, First<float> f) {
  return Vec<float>{p[0], f.lanes > 1 ? p[1] : 0, f.lanes > 2 ? p[2] : 0, f.lanes > 3 ? p[3] : 0};
}
STRATE_INLINE Vec<double> load(const double* p, First<double> f) {
  return Vec<double>{p[0], f.lanes > 1 ? p[1] : 0};
}
template <class T> STRATE_INLINE void store(T* p, Vec<T> v, First<T> f) {
  p[0] = v[0];
  for (int i = 1; i < lanes<T>; i++)
    if (i < f.lanes) p[i] = v[i];
}

#endif

// The first lanes of a partial register, or a whole one: for templates over both.
template <class T, bool partial> STRATE_INLINE Vec<T> load_first(const T* p, [[maybe_unused]] First<T> f) {
  if constexpr (partial) return load(p, f);
  else return load(p);
}
template <class T, bool partial> STRATE_INLINE void store_first(T* p, Vec<T> v, [[maybe_unused]] First<T> f) {
  if constexpr (partial) store(p, v, f);
  else store(p, v);
}

// f<partial>(place, first lanes) for every register of n numbers, the last one partial where it has to be.
template <class T, class F> STRATE_INLINE void each_register(int64_t n, F f) {
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) f.template operator()<false>(i, First<T>{});
  if (i < n) f.template operator()<true>(i, first<T>(n - i));
}

}  // namespace strate::STRATE_ISA
