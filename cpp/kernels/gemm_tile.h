// The register tile of a matrix product: rows x panels accumulators, each panel one register of columns of C.
// For every term of the sum, one row of B is loaded and each row's value of A is broadcast against it. The
// tile is as large as the registers allow (28 accumulators of 32, 12 of 16), so that loads hide behind
// multiply-adds.
#pragma once

#include <utility>

#include "kernels/gemm.h"
#include "simd/activation.h"
#include "simd/partial.h"
#include "simd/vec.h"

namespace strate::STRATE_ISA {

// Most rows of a tile that is `panels` registers wide. Eight panels are for single rows: a vector times a
// matrix. Of float64, which is for exactness, registers hold fewer than they could: a large part of the
// library would be its tiles.
constexpr int most_panels = 8;
template <class T> constexpr int tile_rows(int panels) {
  if (panels > 2) return panels <= 4 ? 3 : 1;
  if (register_count == 32) return sizeof(T) == 4 ? 14 : 8;
  return panels == 1 && sizeof(T) == 4 ? 12 : 6;
}

template <class T> struct TilePlace {
  T* c;
  const T* a;
  const T* b;
  const T* bias;
  int64_t last;             // columns in the last panel
  const T* next = nullptr;  // asked for meanwhile, register after register; null: rows of B further on
};
constexpr int64_t rows_ahead = 16;

// The address of row i: rows lie 5 apart from three bases, because an address is base + step * {1, 2, 4} at
// no cost.
template <class T> struct RowPointers {
  const T *row0, *row5, *row10;
};
template <class T, int i>
STRATE_INLINE const T* row_pointer(const RowPointers<T>& p, int64_t step, int64_t step3) {
  const T* base = i < 5 ? p.row0 : i < 10 ? p.row5 : p.row10;
  constexpr int j = i % 5;
  return j == 0   ? base
         : j == 1 ? base + step
         : j == 2 ? base + 2 * step
         : j == 3 ? base + step3
                  : base + 4 * step;
}

// What comes after is asked for: where B is not in panels its rows lie too far apart for the processor to
// foresee. One panel leaves no load to spare, and is what few columns take: a small B. What is seldom used,
// float64 and the baseline, is left as it is, for the size of the library.
template <class T, int panels> STRATE_INLINE void prefetch_of_b(const T* next) {
  if constexpr (panels >= 2 && sizeof(T) == 4 && lanes<T> > 4)
#pragma GCC unroll 8
    for (int j = 0; j < panels; j++) __builtin_prefetch(next + j * lanes<T>);
}

// What comes next is asked for where the processor does not foresee it. Inlined: the compiler drops calls
// that do nothing else. The rows of C below a tile, which the next one writes, or the one that follows it:
template <class T>
STRATE_INLINE void ask_for_rows_below(const Product<T>& p, const T* c, int64_t rows, int registers) {
  c += rows * p.c_row;
  for (int64_t i = 0; i < rows; i++, c += p.c_row)
    for (int j = 0; j < registers; j++) __builtin_prefetch(c + j * lanes<T>, 1, 2);
}
// What rows of the next line see in A that the same rows of this line, from a on, did not:
template <class T> STRATE_INLINE void ask_for_next_line(const Product<T>& p, const T* a, int64_t rows) {
  constexpr int64_t cache_line = 64 / int64_t(sizeof(T));
  const int64_t last = (p.walk.outer - 1) * p.walk.outer_step;
  for (int64_t at = 0; at <= last; at += p.walk.outer_step)
    if (at + p.a_line > last)
      for (int64_t i = 0; i < rows * p.a_row; i += cache_line)
        __builtin_prefetch(a + at + p.a_line + i, 0, 2);
}

template <class T, int rows, int panels, bool partial>
STRATE_INLINE void load_row_of_b(Vec<T> (&b)[panels], const T* p, First<T> f) {
#pragma GCC unroll 8
  for (int j = 0; j < panels; j++)
    b[j] = partial && j == panels - 1 ? load_first<T, partial>(p + j * lanes<T>, f) : load(p + j * lanes<T>);
}

template <class T, int rows, int panels, int i = 0>
STRATE_INLINE void multiply_rows(Vec<T> (&sum)[rows][panels], const Vec<T> (&b)[panels],
                                 const RowPointers<T>& a, int64_t step, int64_t step3) {
  if constexpr (i < rows) {
    Vec<T> value = broadcast<T>(*row_pointer<T, i>(a, step, step3));
#pragma GCC unroll 8
    for (int j = 0; j < panels; j++) sum[i][j] = fmadd(value, b[j], sum[i][j]);
    multiply_rows<T, rows, panels, i + 1>(sum, b, a, step, step3);
  }
}

// `length` terms of the sums: A's rows are `step` apart and its terms `term`, B's rows follow one another
// from b on, and from `next` on is asked for. each(row) is given every row of B.
template <class T, int rows, int panels, bool partial, class Each>
STRATE_INLINE void multiply_terms(Vec<T> (&sum)[rows][panels], const T* a, int64_t step, int64_t term,
                                  const T*& b, int64_t b_row, int64_t length, const T* next,
                                  int64_t next_step, First<T> f, Each each) {
  RowPointers<T> at{a, a + 5 * step, a + 10 * step};
  int64_t step3 = 3 * step;
  asm("" : "+r"(at.row5), "+r"(at.row10), "+r"(step3));  // or the compiler keeps fourteen pointers
  for (int64_t k = 0; k < length; k++, b += b_row, next += next_step) {
    Vec<T> row[panels];
    prefetch_of_b<T, panels>(next);
    load_row_of_b<T, rows, panels, partial>(row, b, f);
    each(row);
    multiply_rows<T, rows, panels>(sum, row, at, step, step3);
    at.row0 += term;
    if constexpr (rows > 5) at.row5 += term;
    if constexpr (rows > 10) at.row10 += term;
  }
}

template <ActivationKind kind, class V, class T, int rows, int panels>
STRATE_INLINE void activate_tile(V (&sum)[rows][panels], T slope) {
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < panels; j++) sum[i][j] = activate<kind, T>(sum[i][j], slope);
}

template <class T, int rows, int panels, bool partial>
STRATE_INLINE void write_tile(Vec<T> (&sum)[rows][panels], const Product<T>& p, const TilePlace<T>& place) {
  First<T> f = first<T>(place.last);
  if (p.accumulate) {  // row by row: rows may overlap
    T* c = place.c;
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++, c += p.c_row)
#pragma GCC unroll 8
      for (int j = 0; j < panels; j++) {
        T* to = c + j * lanes<T>;
        if (partial && j == panels - 1)
          store_first<T, partial>(to, load_first<T, partial>(to, f) + sum[i][j], f);
        else store(to, load(to) + sum[i][j]);
      }
    return;
  }
  if (place.bias) {
    Vec<T> bias[panels];
    load_row_of_b<T, rows, panels, partial>(bias, place.bias, f);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
      for (int j = 0; j < panels; j++) sum[i][j] += bias[j];
  }
  if (p.activation == ActivationKind::relu) activate_tile<ActivationKind::relu>(sum, p.slope);
  if (p.activation == ActivationKind::leaky_relu) activate_tile<ActivationKind::leaky_relu>(sum, p.slope);
  T* c = place.c;
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++, c += p.c_row)
#pragma GCC unroll 8
    for (int j = 0; j < panels; j++) {
      if (partial && j == panels - 1) store_first<T, partial>(c + j * lanes<T>, sum[i][j], f);
      else store(c + j * lanes<T>, sum[i][j]);
    }
}

// transposed: A is contiguous along the rows of C (`columns`), otherwise along the sum (`rows`).
template <class T, bool transposed, int rows, int panels, bool partial>
__attribute__((noinline)) static void tile(const Product<T>& p, const TilePlace<T>& place) {
  Vec<T> sum[rows][panels];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
    for (int j = 0; j < panels; j++) sum[i][j] = zero<T>();
  const First<T> f = first<T>(place.last);
  const T* b = place.b;
  const int64_t step = p.a_row, b_row = p.b_row;
  const T* begin = place.a;
  for (int64_t u = 0; u < p.walk.outer; u++, b += p.walk.skipped, begin += p.walk.outer_step) {
    const T* from = begin;
    for (int64_t v = 0; v < p.walk.inner; v++, b += p.walk.inner_skipped, from += p.walk.inner_step) {
      if constexpr (transposed) {
        const T* a = from;
        for (int64_t k = 0; k < p.walk.length; k++, a += step, b += b_row) {
          Vec<T> row[panels];
          load_row_of_b<T, rows, panels, partial>(row, b, f);
#pragma GCC unroll 16
          for (int i = 0; i < rows; i++) {
            Vec<T> value = broadcast<T>(a[i]);
#pragma GCC unroll 8
            for (int j = 0; j < panels; j++) sum[i][j] = fmadd(value, row[j], sum[i][j]);
          }
        }
      } else {
        multiply_terms<T, rows, panels, partial>(sum, from, step, p.walk.step, b, b_row, p.walk.length,
                                                 place.next ? place.next : b + rows_ahead * b_row,
                                                 place.next ? panels * lanes<T> : b_row, f,
                                                 [](const Vec<T>*) __attribute__((always_inline)) {});
      }
    }
  }
  write_tile<T, rows, panels, partial>(sum, p, place);
}

template <class T> using Tile = void (*)(const Product<T>&, const TilePlace<T>&);

template <class T, bool transposed, int panels, bool partial, int... i>
STRATE_INLINE Tile<T> tile_of(int64_t rows, std::integer_sequence<int, i...>) {
  static constexpr Tile<T> tiles[] = {tile<T, transposed, i + 1, panels, partial>...};
  return tiles[rows - 1];
}

// The tile for a number of rows (at most tile_rows(panels)), the last of whose panels may be partial.
template <class T, bool transposed, int panels = 1>
STRATE_INLINE Tile<T> tile_for(int64_t rows, int wanted, bool partial) {
  if constexpr (panels < most_panels)
    if (wanted != panels) return tile_for<T, transposed, panels + 1>(rows, wanted, partial);
  constexpr auto sizes = std::make_integer_sequence<int, tile_rows<T>(panels)>{};
  return partial ? tile_of<T, transposed, panels, true>(rows, sizes)
                 : tile_of<T, transposed, panels, false>(rows, sizes);
}

}  // namespace strate::STRATE_ISA
