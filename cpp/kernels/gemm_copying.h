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
  multiply_terms<T, rows, 2, false>(sum, place.a, p.a_row, 1, b, p.b_row, p.walk.length,
                                    b + rows_ahead * p.b_row, p.b_row, first<T>(lanes<T>),
                                    [&](const Vec<T>* row) __attribute__((always_inline)) {
                                      store(panel, row[0]);
                                      store(panel + lanes<T>, row[1]);
                                      panel += 2 * lanes<T>;
                                    });
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
