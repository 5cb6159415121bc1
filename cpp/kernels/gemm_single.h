// Products that need no tile: sums of a single term, and a single row of C, which are filled in the order of
// memory.
#pragma once

#include "kernels/gemm_tile.h"

namespace strate::STRATE_ISA {

// A sum of one term only writes: C is filled row by row, in the order of memory.
template <class T> STRATE_INLINE void outer_row(T* c, T a, const T* b, int64_t n) {
  const Vec<T> value = broadcast<T>(a);
  int64_t j = 0;
  for (; j + lanes<T> <= n; j += lanes<T>) store(c + j, value * load(b + j));
  if (j < n) store(c + j, value * load(b + j, first<T>(n - j)), first<T>(n - j));
}
template <class T> STRATE_INLINE bool is_outer(const Product<T>& p) {
  return p.walk.outer * p.walk.inner * p.walk.length == 1 && !p.accumulate && !p.bias && !p.b_panel &&
         p.activation == ActivationKind::identity;
}

// The same where C is one piece of memory whose rows do not fill whole registers: it is written register by
// register from one boundary to the next, though a row ends within one. Stores that cross a boundary take
// twice as long.
constexpr int64_t outer_columns = 1024;
template <class T>
static void outer_rows(T* c, const T* a, int64_t a_step, const T* b, int64_t rows, int64_t n) {
  constexpr int64_t L = lanes<T>;
  alignas(register_bytes) T around[outer_columns + L];  // b, and its beginning once more
  each_register<T>(n, [&]<bool partial>(int64_t j, First<T> f) {
    store_first<T, partial>(around + j, load_first<T, partial>(b + j, f), f);
  });
  store(around + n, load(b));
  const int64_t before = int64_t(reinterpret_cast<uintptr_t>(c) % register_bytes / sizeof(T));
  int64_t at = before > 0 ? L - before : 0;
  if (at > 0) store(c, broadcast<T>(*a) * load(around, first<T>(at)), first<T>(at));
  for (int64_t i = 0; i < rows; i++, a += a_step) {
    const Vec<T> value = broadcast<T>(*a);
    const int64_t begin = i * n, end = begin + n;
    for (; at + L <= end; at += L) store(c + at, value * load(around + (at - begin)));
    if (at == end) continue;
    const Vec<T> last = load(around + (at - begin));
    if (i + 1 == rows) return store(c + at, value * last, first<T>(end - at));
    store(c + at, select<T>(first_lanes<T>(end - at), value, broadcast<T>(a[a_step])) * last);
    at += L;
  }
}
template <class T> STRATE_INLINE bool is_one_piece(const Product<T>& p) {
  return p.c_row == p.n && p.m >= 8 && p.n >= lanes<T> && p.n <= outer_columns && p.n % lanes<T> != 0;
}

// So many terms of one row's sums: that many rows of B pass by in the order of memory, and C waits in the
// first-level cache.
template <class T, int terms>
STRATE_INLINE void add_terms(T* c, const T* a, const T* b, int64_t b_row, int64_t n) {
  Vec<T> value[terms];
#pragma GCC unroll 4
  for (int k = 0; k < terms; k++) value[k] = broadcast<T>(a[k]);
  each_register<T>(n, [&]<bool partial>(int64_t j, First<T> f) {
    Vec<T> sum = load_first<T, partial>(c + j, f);
#pragma GCC unroll 4
    for (int k = 0; k < terms; k++) sum = fmadd(value[k], load_first<T, partial>(b + k * b_row + j, f), sum);
    store_first<T, partial>(c + j, sum, f);
  });
}

template <ActivationKind kind, class T> STRATE_INLINE void finish_row(const Product<T>& p) {
  each_register<T>(p.n, [&]<bool partial>(int64_t j, First<T> f) {
    Vec<T> y = load_first<T, partial>(p.c + j, f);
    if (p.bias) y += load_first<T, partial>(p.bias + j, f);
    store_first<T, partial>(p.c + j, activate<kind, T>(y, p.slope), f);
  });
}

template <class T> static void wide_row(const Product<T>& p) {
  if (!p.accumulate)
    each_register<T>(
        p.n, [&]<bool partial>(int64_t j, First<T> f) { store_first<T, partial>(p.c + j, zero<T>(), f); });
  const T* b = p.b;
  for (int64_t u = 0; u < p.walk.outer; u++, b += p.walk.skipped)
    for (int64_t v = 0; v < p.walk.inner; v++, b += p.walk.inner_skipped) {
      const T* a = p.a + u * p.walk.outer_step + v * p.walk.inner_step;
      int64_t k = 0;
      for (; k + 4 <= p.walk.length; k += 4, b += 4 * p.b_row) add_terms<T, 4>(p.c, a + k, b, p.b_row, p.n);
      for (; k < p.walk.length; k++, b += p.b_row) add_terms<T, 1>(p.c, a + k, b, p.b_row, p.n);
    }
  if (p.accumulate) return;
  if (p.activation == ActivationKind::relu) finish_row<ActivationKind::relu>(p);
  else if (p.activation == ActivationKind::leaky_relu) finish_row<ActivationKind::leaky_relu>(p);
  else if (p.bias) finish_row<ActivationKind::identity>(p);
}
template <class T> STRATE_INLINE bool is_wide_row(const Product<T>& p) {
  return p.m == 1 && p.lines == 1 && !p.b_panel && p.walk.step == 1 && p.n > most_panels * lanes<T>;
}

}  // namespace strate::STRATE_ISA
