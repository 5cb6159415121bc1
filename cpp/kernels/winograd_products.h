// The products of Winograd's tiles. They are many and short: as many terms as there are channels.
#pragma once

#include "kernels/gemm_tile.h"
#include "kernels/winograd.h"

namespace strate::STRATE_ISA {

// rows x panels registers of m.
template <class T, int rows, int panels>
__attribute__((noinline)) static void product_tile(T* m, int64_t m_row, const T* v, int64_t v_row, const T* u,
                                                   int64_t channels) {
  Vec<T> sum[rows][panels];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int j = 0; j < panels; j++) sum[i][j] = zero<T>();
  multiply_terms<T, rows, panels, false>(sum, v, v_row, 1, u, 2 * lanes<T>, channels,
                                         u + rows_ahead * 2 * lanes<T>, 2 * lanes<T>, first<T>(lanes<T>),
                                         [](const Vec<T>*) __attribute__((always_inline)) {});
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++, m += m_row)
#pragma GCC unroll 2
    for (int j = 0; j < panels; j++) store(m + j * lanes<T>, sum[i][j]);
}

// As many channels as a register has lanes: u stays in half of the registers, and each row of v is read
// number by number.
template <class T, int rows>
STRATE_INLINE void square_rows(T* m, int64_t m_row, const T* v, int64_t v_row, const Vec<T>* u) {
  Vec<T> sum[rows];
  const T* row[rows];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) row[i] = v + i * v_row, sum[i] = broadcast<T>(row[i][0]) * u[0];
#pragma GCC unroll 16
  for (int c = 1; c < lanes<T>; c++)
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) sum[i] = fmadd(broadcast<T>(row[i][c]), u[c], sum[i]);
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) store(m + i * m_row, sum[i]);
}

// The tiles of a point by panels of filters: f<rows>(t) for the tiles from t on. What does not fill the
// largest number of rows is given to a smaller one, or some tiles are computed twice.
template <int most, class F> STRATE_INLINE void for_tiles(int64_t tiles, F f) {
  constexpr int middle = most > 8 ? 8 : 4, least = middle / 2;
  for (int64_t t = 0; t < tiles;) {
    const int64_t left = tiles - t;
    const auto take = [&]<int rows>() __attribute__((always_inline)) {
      const int64_t at = tiles >= rows && left < rows ? tiles - rows : t;
      f.template operator()<rows>(at);
      t = at + rows;
    };
    if (left > middle && tiles >= most) take.template operator()<most>();
    else if (left > least && tiles >= middle) take.template operator()<middle>();
    else if (tiles >= least) take.template operator()<least>();
    else take.template operator()<1>();
  }
}

template <class T, int panels>
STRATE_INLINE void product_panel(T* m, const T* v, const T* u, const WinogradProducts<T>& p) {
  if constexpr (panels == 1 && register_count >= 2 * lanes<T>) {
    if (p.channels == lanes<T>) {
      Vec<T> kept[lanes<T>];
#pragma GCC unroll 16
      for (int c = 0; c < lanes<T>; c++) kept[c] = load(u + c * 2 * lanes<T>);
      int64_t t = 0;
      for (; t + 8 <= p.tiles; t += 8)
        square_rows<T, 8>(m + t * p.m_row, p.m_row, v + t * p.v_row, p.v_row, kept);
      for (; t < p.tiles; t++) square_rows<T, 1>(m + t * p.m_row, p.m_row, v + t * p.v_row, p.v_row, kept);
      return;
    }
  }
  for_tiles<tile_rows<T>(2)>(p.tiles, [&]<int rows>(int64_t t) __attribute__((always_inline)) {
    product_tile<T, rows, panels>(m + t * p.m_row, p.m_row, v + t * p.v_row, p.v_row, u, p.channels);
  });
}

template <class T> static void products(const WinogradProducts<T>& p) {
  constexpr int64_t width = 2 * lanes<T>;
  for (int64_t point = 0; point < p.points; point++)
    for (int64_t f = 0; f < p.filters; f += width) {
      T* m = p.m + point * p.m_step + f;
      const T *v = p.v + point * p.v_step, *u = p.u + point * p.u_step + f * p.channels;
      if (p.filters - f > lanes<T>) product_panel<T, 2>(m, v, u, p);
      else product_panel<T, 1>(m, v, u, p);
    }
}

}  // namespace strate::STRATE_ISA
