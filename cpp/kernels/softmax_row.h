// What softmax and cross-entropy share: the largest value of a row, and the exponentials of its differences
// from it.
#pragma once

#include "simd/math.h"
#include "simd/partial.h"
#include "simd/shuffle.h"

namespace strate::STRATE_ISA {

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

// f over all lanes, in every lane of the result: halves, quarters, ... are turned onto each other.
template <class T, int half = lanes<T> / 2, class F, int... l>
STRATE_INLINE Vec<T> over_lanes(Vec<T> v, F f, std::integer_sequence<int, l...> all) {
  if constexpr (half == 0) return v;
  else return over_lanes<T, half / 2>(f(v, STRATE_SHUFFLE(v, v, T, ((l + half) % lanes<T>)...)), f, all);
}
template <class T, class F> STRATE_INLINE Vec<T> over_lanes(Vec<T> v, F f) {
  return over_lanes<T>(v, f, std::make_integer_sequence<int, lanes<T>>{});
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
  __attribute__((always_inline)) Vec<T> value() const {  // in every lane
    return over_lanes<T>(blocks + block, [](Vec<T> a, Vec<T> b) { return a + b; });
  }
};

// Of two numbers the larger. NaN need not be kept: it comes back with the exponentials.
template <class T> STRATE_INLINE Vec<T> larger(Vec<T> a, Vec<T> b) { return a > b ? a : b; }

// The largest number, in every lane.
template <class T> STRATE_INLINE Vec<T> row_max(const T* x, int64_t n) {
  const Vec<T> lowest = broadcast<T>(-T(__builtin_inf()));
  Vec<T> most = lowest;
  for_row(x, n, [&](Vec<T> v, int64_t, int64_t count) {
    most = larger<T>(most, count < lanes<T> ? select<T>(first_lanes<T>(count), v, lowest) : v);
  });
  return over_lanes<T>(most, [](Vec<T> a, Vec<T> b) { return larger<T>(a, b); });
}

// e[i] = exp(x[i] - most); returns their sum, in every lane.
template <class T> STRATE_INLINE Vec<T> row_exp(T* e, const T* x, int64_t n, Vec<T> most) {
  RowSum<T> sum;
  for_row(x, n, [&](Vec<T> v, int64_t i, int64_t count) {
    Vec<T> y = exp<T>(v - most);
    store_row<T>(e + i, y, count);
    sum.add(count < lanes<T> ? select<T>(first_lanes<T>(count), y, zero<T>()) : y, i);
  });
  return sum.value();
}

}  // namespace strate::STRATE_ISA
