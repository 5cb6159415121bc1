// What softmax and cross-entropy share: the largest value of a row, and the exponentials of its differences from it.
#pragma once

#include "simd/math.h"
#include "simd/partial.h"

namespace strate::STRATE_ISA {

// Lanes below `count`: all of them where count >= lanes.
template <class T> STRATE_INLINE Mask<T> first_lanes(int64_t count) {
  using Int = typename VecTypes<T>::Int;
  return lane_numbers<T>() < (Int(count < lanes<T> ? count : lanes<T>) - Mask<T>{});
}

// f(value, offset, count) for each register of a row; the last may be partial, its other lanes are zero.
template <class T, class F> STRATE_INLINE void for_row(const T* x, int64_t n, F f) {
  int64_t i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) f(load(x + i), i, int64_t(lanes<T>));
  if (i < n) f(load(x + i, first<T>(n - i)), i, n - i);
}

template <class T> STRATE_INLINE Vec<T> load_row(const T* p, int64_t count) {
  return count == lanes<T> ? load(p) : load(p, first<T>(count));
}
template <class T> STRATE_INLINE void store_row(T* p, Vec<T> v, int64_t count) {
  if (count == lanes<T>) store<T>(p, v);
  else store(p, v, first<T>(count));
}

// A sum over a row, in blocks of 32 registers, so that the error does not grow with its length.
template <class T> struct RowSum {
  Vec<T> block = zero<T>(), blocks = zero<T>();

  __attribute__((always_inline)) void add(Vec<T> v, int64_t i) {
    if (i % (32 * lanes<T>) == 0) {
      blocks += block;
      block = zero<T>();
    }
    block += v;
  }
  __attribute__((always_inline)) T value() const { return sum_lanes<T>(blocks + block); }
};

// NaN in the row makes it NaN.
template <class T> STRATE_INLINE T row_max(const T* x, int64_t n) {
  const Vec<T> lowest = broadcast<T>(-T(__builtin_inf()));
  Vec<T> most = lowest;
  for_row(x, n, [&](Vec<T> v, int64_t, int64_t count) {
    most = maximum<T>(most, count < lanes<T> ? select<T>(first_lanes<T>(count), v, lowest) : v);
  });
  return max_lanes<T>(most);
}

// e[i] = exp(x[i] - most); returns their sum.
template <class T> STRATE_INLINE T row_exp(T* e, const T* x, int64_t n, T most) {
  RowSum<T> sum;
  for_row(x, n, [&](Vec<T> v, int64_t i, int64_t count) {
    Vec<T> y = exp<T>(v - broadcast<T>(most));
    store_row<T>(e + i, y, count);
    sum.add(count < lanes<T> ? select<T>(first_lanes<T>(count), y, zero<T>()) : y, i);
  });
  return sum.value();
}

}  // namespace strate::STRATE_ISA
