// Convolution of one channel with few filters. The parallel axes are the filters and two neighbouring pixels:
// lane 2 f + p of a register is filter f at pixel p, so six filters fill 12 of 16 lanes instead of 6. The two
// pixels' inputs for one tap are neighbours in x and are broadcast as one number of twice the size.
#pragma once

#include <utility>

#include "kernels/conv2d.h"
#include "simd/activation.h"
#include "simd/partial.h"
#include "simd/shuffle.h"

namespace strate::STRATE_ISA {

// Lane order between two pixels of all filters, as in memory (p, f), and pairs (f, p).
template <class T> STRATE_INLINE Mask<T> to_memory_order(int64_t filters) {
  Mask<T> order{};
  for (int l = 0; l < lanes<T>; l++)
    order[l] = l < filters ? 2 * l : l < 2 * filters ? 2 * (l - filters) + 1 : l;
  return order;
}
template <class T> STRATE_INLINE Mask<T> to_pair_order(int64_t filters) {
  Mask<T> order{};
  for (int l = 0; l < lanes<T>; l++) order[l] = l < 2 * filters ? (l & 1) * filters + l / 2 : l;
  return order;
}

// float64, seldom used, has fewer sizes of tiles, for the size of the library.
template <class T> constexpr int most_pairs = sizeof(T) == 8 ? 4 : register_count == 32 ? 14 : 12;

template <class T, int pairs>
__attribute__((noinline)) static void pair_tile(T* y, const T* x, const T* weight, Vec<T> bias,
                                                const Pairs<T>& p, Mask<T> order, int64_t columns) {
  Vec<T> sum[pairs];
#pragma GCC unroll 16
  for (int i = 0; i < pairs; i++) sum[i] = bias;
  for (int64_t u = 0; u < p.kernel_rows; u++) {
    const T* at = x + u * p.tap_row;
    for (int64_t v = 0; v < p.kernel_columns; v++, at++, weight += lanes<T>) {
      asm(""
          : "+r"(at));  // or the compiler carries pairs over to the next taps, through more moves than it
                        // saves loads
      const Vec<T> w = load(weight);
#pragma GCC unroll 16
      for (int i = 0; i < pairs; i++) sum[i] = fmadd(broadcast_pair(at + 2 * i), w, sum[i]);
    }
  }
  const First<T> both = first<T>(2 * p.filters), one = first<T>(p.filters);
#pragma GCC unroll 16
  for (int i = 0; i < pairs; i++) {
    const Vec<T> v = permute<T>(activate_short<T>(sum[i], p.activation, p.slope), order);
    store(y + 2 * i * p.filters, v, 2 * i + 1 < columns ? both : one);
  }
}

template <class T, int... i>
STRATE_INLINE auto pair_tile_for(int64_t pairs, std::integer_sequence<int, i...>) {
  static constexpr decltype(&pair_tile<T, 1>) tiles[] = {pair_tile<T, i + 1>...};
  return tiles[pairs - 1];
}

template <class T>
static void convolve_pairs(T* y, const T* x, const T* weight, const T* bias, const Pairs<T>& p) {
  const Mask<T> order = to_memory_order<T>(p.filters);
  Vec<T> start = zero<T>();
  if (bias) {
    const Vec<T> b = load(bias, first<T>(p.filters));
    start = permute<T>(b, lane_numbers<T>() >> 1);
  }
  const int64_t pairs = (p.columns + 1) / 2, tiles = (pairs + most_pairs<T> - 1) / most_pairs<T>;
  for (int64_t line = 0; line < p.lines; line++)
    for (int64_t t = 0; t < tiles; t++) {
      const int64_t from = pairs * t / tiles, to = pairs * (t + 1) / tiles;
      auto tile = pair_tile_for<T>(to - from, std::make_integer_sequence<int, most_pairs<T>>{});
      tile(y + (line * p.columns + 2 * from) * p.filters, x + line * p.x_line + 2 * from, weight, start, p,
           order, p.columns - 2 * from);
    }
}

// Adds one pair of pixels, or the last pixel of an odd row: then the other one's input is not looked at.
template <class T, int rows, int columns, bool odd>
STRATE_INLINE void add_taps(Vec<T> (&sum)[rows][columns], const T* at, int64_t tap_row, Vec<T> d) {
  const Mask<T> first_of_pair = -((lane_numbers<T>() & 1) ^ 1);
#pragma GCC unroll 8
  for (int u = 0; u < rows; u++)
#pragma GCC unroll 8
    for (int v = 0; v < columns; v++) {
      Vec<T> pair = broadcast_pair(at + u * tap_row + v);
      if constexpr (odd) pair = select<T>(first_of_pair, pair, zero<T>());
      sum[u][v] = fmadd(pair, d, sum[u][v]);
    }
}

// dweight for `rows` rows of taps at once: one accumulator for each tap, kept through the whole image.
template <class T, int rows, int columns>
__attribute__((noinline)) static void pair_taps(T* dweight, const T* x, const T* dy, const Pairs<T>& p) {
  Vec<T> sum[rows][columns];
#pragma GCC unroll 8
  for (int u = 0; u < rows; u++)
#pragma GCC unroll 8
    for (int v = 0; v < columns; v++) sum[u][v] = zero<T>();
  const Mask<T> order = to_pair_order<T>(p.filters);
  const int64_t filters = p.filters, tap_row = p.tap_row, pairs = p.columns / 2;
  const First<T> both = first<T>(2 * filters), one = first<T>(filters);
  for (int64_t line = 0; line < p.lines; line++) {
    const T* at = x + line * p.x_line;
    for (int64_t j = 0; j < pairs; j++, at += 2, dy += 2 * filters)
      add_taps<T, rows, columns, false>(sum, at, tap_row, permute<T>(load(dy, both), order));
    if (p.columns % 2) {
      add_taps<T, rows, columns, true>(sum, at, tap_row, permute<T>(load(dy, one), order));
      dy += filters;
    }
  }
  const Mask<T> even = lane_numbers<T>() * 2 & (lanes<T> - 1), next = even + 1;
#pragma GCC unroll 8
  for (int u = 0; u < rows; u++)
#pragma GCC unroll 8
    for (int v = 0; v < columns; v++) {
      T* to = dweight + (u * columns + v) * filters;
      store(to, load(to, one) + (permute<T>(sum[u][v], even) + permute<T>(sum[u][v], next)), one);
    }
}

constexpr int most_tap_columns = register_count == 32 ? 7 : 5;
constexpr int tap_rows(int columns) { return (register_count == 32 ? 26 : 12) / columns; }

template <class T, int columns>
STRATE_INLINE void pair_tap_rows(T* dweight, const T* x, const T* dy, const Pairs<T>& p) {
  constexpr int most = sizeof(T) == 8 ? 1 : tap_rows(columns) < 5 ? tap_rows(columns) : 5;
  int64_t u = 0;
  for (; u + most <= p.kernel_rows; u += most)
    pair_taps<T, most, columns>(dweight + u * columns * p.filters, x + u * p.tap_row, dy, p);
  for (; u < p.kernel_rows; u++)
    pair_taps<T, 1, columns>(dweight + u * columns * p.filters, x + u * p.tap_row, dy, p);
}

template <class T, int columns = 1>
static void pairs_weight(T* dweight, const T* x, const T* dy, const Pairs<T>& p) {
  if constexpr (columns < most_tap_columns)
    if (p.kernel_columns != columns) return pairs_weight<T, columns + 1>(dweight, x, dy, p);
  pair_tap_rows<T, columns>(dweight, x, dy, p);
}

}  // namespace strate::STRATE_ISA
