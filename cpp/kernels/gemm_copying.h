// A product of some rows by a wide B whose rows lie far apart: each panel of B is copied to where the tiles
// after the first find it in one piece. The first tile copies it while it multiplies, for next to nothing.
#pragma once

#include "kernels/gemm_tile.h"

namespace strate::STRATE_ISA {

// Two panels; place.b is where B lies.
template <class T, int rows>
__attribute__((noinline)) static void copying_tile(const Product<T>& p, const TilePlace<T>& place, T* panel) {
  Vec<T> sum[rows][2];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = zero<T>();
  const T* b = place.b;
  const int64_t step = p.a_row, b_row = p.b_row;
  int64_t step3 = 3 * step;
  RowPointers<T> at{place.a, place.a + 5 * step, place.a + 10 * step};
  asm("" : "+r"(at.row5), "+r"(at.row10), "+r"(step3));  // or the compiler keeps fourteen pointers
  for (int64_t k = 0; k < p.walk.length; k++, b += b_row, panel += 2 * lanes<T>) {
    Vec<T> row[2];
    prefetch_row_of_b<T, 2>(b, b_row);
    load_row_of_b<T, rows, 2, false>(row, b, first<T>(lanes<T>));
    store(panel, row[0]);
    store(panel + lanes<T>, row[1]);
    multiply_rows<T, rows, 2>(sum, row, at, step, step3);
    at.row0++;
    if constexpr (rows > 5) at.row5++;
    if constexpr (rows > 10) at.row10++;
  }
  write_tile<T, rows, 2, false>(sum, p, place);
}

// Rows are shared out evenly, so that of two tiles and more the first has at least half of a full one.
template <class T> constexpr int least_copying_rows = tile_rows<T>(2) / 2;
template <class T, int... i>
STRATE_INLINE auto copying_tile_for(int64_t rows, std::integer_sequence<int, i...>) {
  static constexpr void (*tiles[])(const Product<T>&, const TilePlace<T>&,
                                   T*) = {copying_tile<T, least_copying_rows<T> + i>...};
  return tiles[rows - least_copying_rows<T>];
}

}  // namespace strate::STRATE_ISA
