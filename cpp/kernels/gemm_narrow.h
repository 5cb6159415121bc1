// Products of few columns, which would leave most lanes of a register of columns empty: the lanes lie along
// the sum instead, B is transposed, and the lanes of each sum are added at the end.
#pragma once

#include "kernels/gemm.h"
#include "kernels/gemm_tile.h"
#include "simd/partial.h"
#include "simd/shuffle.h"

namespace strate::STRATE_ISA {

template <class T> constexpr int narrow_columns = lanes<T> < 4 ? lanes<T> : 4;  // of a tile, at most

// As many sums as a register has lanes, so that they fold into one register; eight hide an addition's
// latency.
template <class T> constexpr int narrow_rows(int columns) {
  const int rows = lanes<T> / columns;
  return rows > 8 ? 8 : rows;
}

template <class T, int rows, int columns, bool partial>
STRATE_INLINE void add_lanes(Vec<T> (&sum)[lanes<T>], const RowPointers<T>& a, int64_t step, const T* b,
                             int64_t b_row, First<T> f) {
  Vec<T> weight[columns];
#pragma GCC unroll 4
  for (int j = 0; j < columns; j++) weight[j] = load_first<T, partial>(b + j * b_row, f);
  [&]<int... i>(std::integer_sequence<int, i...>) {
    (..., [&] {
      const Vec<T> value = load_first<T, partial>(row_pointer<T, i>(a, step, 3 * step), f);
#pragma GCC unroll 4
      for (int j = 0; j < columns; j++) sum[i * columns + j] = fmadd(value, weight[j], sum[i * columns + j]);
    }());
  }(std::make_integer_sequence<int, rows>{});
}

// done: rows that another tile has written; ahead: where numbers of B lie that are needed later, or 0.
template <class T, int rows, int columns>
__attribute__((noinline)) static void narrow_tile(const Product<T>& p, T* c, const T* a, const T* b,
                                                  const T* bias, int64_t ahead, int done = 0) {
  constexpr int L = lanes<T>;
  Vec<T> sum[L];
#pragma GCC unroll 16
  for (int i = 0; i < L; i++) sum[i] = zero<T>();
  const int64_t step = p.a_row, whole = p.walk.length / L * L, rest = p.walk.length - whole;
  const First<T> tail = first<T>(rest);
  const T* begin = a;
  for (int64_t u = 0; u < p.walk.outer; u++, b += p.walk.skipped, begin += p.walk.outer_step) {
    const T* from = begin;
    for (int64_t v = 0; v < p.walk.inner; v++, b += rest, from += p.walk.inner_step) {
      RowPointers<T> at{from, from + 5 * step, from};
      for (int64_t k = 0; k < whole; k += L, b += L, at.row0 += L, at.row5 += L) {
        if (ahead) __builtin_prefetch(b + ahead);
        add_lanes<T, rows, columns, false>(sum, at, step, b, p.b_row, tail);
      }
      if (rest) add_lanes<T, rows, columns, true>(sum, at, step, b, p.b_row, tail);
    }
  }
  alignas(64) T all[L] = {};
  if (bias)
    for (int i = 0; i < rows * columns; i++) all[i] = bias[i % columns];
  if (p.accumulate)
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < columns; j++) all[i * columns + j] = c[i * p.c_row + j];
  store(all, activate_short<T>(sums_of_lanes<T>(sum) + load(all), p.activation, p.slope));
  for (int i = done; i < rows; i++)
    for (int j = 0; j < columns; j++) c[i * p.c_row + j] = all[i * columns + j];
}

constexpr int64_t most_near_columns = 16;  // that stay in a cache: none is asked for ahead

// So many columns of all rows, from column j on. The last tile ends with the last row, and computes some
// again. While rows pass by, the columns of B that come next are asked for, each tile asking for one.
template <class T, int columns> static void narrow_block(const Product<T>& p, int64_t j) {
  constexpr int rows = narrow_rows<T>(columns);
  const T *b = p.b + j * p.b_row, *bias = p.bias ? p.bias + j : nullptr;
  const int64_t ahead = p.n > most_near_columns ? p.b_row : 0;
  for (int64_t line = 0; line < p.lines; line++) {
    T* c = p.c + line * p.c_line + j;
    const T* a = p.a + line * p.a_line;
    if (p.m < rows)
      for (int64_t i = 0; i < p.m; i++)
        narrow_tile<T, 1, columns>(p, c + i * p.c_row, a + i * p.a_row, b, bias, columns * ahead);
    else
      for (int64_t i = 0; i < p.m; i += rows) {
        const int64_t row = i + rows <= p.m ? i : p.m - rows;
        if (p.far_a && j == 0) ask_for_next_line(p, a + row * p.a_row, rows);
        narrow_tile<T, rows, columns>(p, c + row * p.c_row, a + row * p.a_row, b, bias,
                                      (columns + i / rows % columns) * ahead, int(i - row));
      }
  }
}

template <class T> static void narrow_product(const Product<T>& p) {
  const int64_t blocks = (p.n + narrow_columns<T> - 1) / narrow_columns<T>;
  for (int64_t i = 0; i < blocks; i++) {  // 6 are 3 + 3
    const int64_t from = p.n * i / blocks, count = p.n * (i + 1) / blocks - from;
    [&]<int... n>(std::integer_sequence<int, n...>) {
      (..., (count == n + 1 ? narrow_block<T, n + 1>(p, from) : void()));
    }(std::make_integer_sequence<int, narrow_columns<T>>{});
  }
}

}  // namespace strate::STRATE_ISA
