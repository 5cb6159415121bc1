// Depthwise convolution: output channel c sees input channel c alone, and a register holds some channels of
// one pixel. Blocks of pixels of one row share the weights; a kernel that slides along it, each pixel too.
#pragma once

#include "kernels/conv2d.h"
#include "simd/activation.h"
#include "simd/partial.h"
#include "simd/vec.h"

namespace strate::STRATE_ISA {

template <class T, int pixels, bool partial>
STRATE_INLINE void start_sums(Vec<T> (&sum)[pixels], const T* bias, First<T> f) {
  const Vec<T> start = bias ? load_first<T, partial>(bias, f) : zero<T>();
#pragma GCC unroll 16
  for (int i = 0; i < pixels; i++) sum[i] = start;
}

// Output pixels of one row share every load of the weights.
// asks: what the next line sees is asked for; with a stride its rows are not foreseen.
template <class T, int pixels, bool partial, bool asks>
STRATE_INLINE void depthwise_block(T* y, const T* x, const T* weight, const T* bias, const Depthwise<T>& d,
                                   First<T> f) {
  Vec<T> sum[pixels];
  start_sums<T, pixels, partial>(sum, bias, f);
  for (int64_t u = 0; u < d.kernel_rows; u++, weight += d.skipped)
    for (int64_t v = 0; v < d.kernel_columns; v++, weight += d.channels) {
      const Vec<T> w = load_first<T, partial>(weight, f);
      const T* at = x + u * d.tap_row + v * d.tap_column;
#pragma GCC unroll 8
      for (int i = 0; i < pixels; i++) {
        if constexpr (asks) __builtin_prefetch(at + i * d.x_column + d.x_line, 0, 2);
        sum[i] = fmadd(load_first<T, partial>(at + i * d.x_column, f), w, sum[i]);
      }
    }
#pragma GCC unroll 8
  for (int i = 0; i < pixels; i++)
    store_first<T, partial>(y + i * d.y_column, activate_short<T>(sum[i], d.activation, d.slope), f);
}

template <class T> static bool weights_stay(const Depthwise<T>& d) {  // in the first-level cache
  return d.kernel_rows * d.kernel_columns * d.channels * int64_t(sizeof(T)) <= 16 << 10;
}

// f<partial>(line, j, c, first lanes) for blocks of pixels from column j on: all channels of a block, as they
// lie in memory, or all blocks of a register of channels.
template <class T, int pixels, class F>
STRATE_INLINE void each_block(const Depthwise<T>& d, bool all_channels, F f) {
  const int64_t width = all_channels ? d.channels : lanes<T>;
  for (int64_t from = 0; from < d.channels; from += width)
    for (int64_t line = 0; line < d.lines; line++)
      for (int64_t j = 0; j < d.columns; j += pixels)
        each_register<T>(d.channels - from < width ? d.channels - from : width,
                         [&]<bool partial>(int64_t i, First<T> lanes) {
                           f.template operator()<partial>(line, j, from + i, lanes);
                         });
}

// The last block of a row ends with it, and computes some pixels again: one by one they would wait for each
// other's sums.
template <class T, int pixels, bool asks = false>
static void depthwise_blocks(T* y, const T* x, const T* weight, const T* bias, const Depthwise<T>& d) {
  each_block<T, pixels>(
      d, asks && weights_stay(d), [&]<bool partial>(int64_t line, int64_t i, int64_t c, First<T> f) {
        const int64_t j = i + pixels <= d.columns ? i : d.columns - pixels;
        depthwise_block<T, pixels, partial, asks>(y + line * d.y_line + j * d.y_column + c,
                                                  x + line * d.x_line + j * d.x_column + c, weight + c,
                                                  bias ? bias + c : nullptr, d, f);
      });
}

// Where taps and outputs are as far apart in x, what one output's tap sees is what the next one's saw: every
// x is loaded once for some taps of a row, whose weights and sums fit the registers. `column` is that of the
// first output and tap; outside the image nothing is seen.
template <class T, int pixels, int taps, bool partial>
STRATE_INLINE void slide(Vec<T> (&sum)[pixels], const T* x, const T* weight, const Depthwise<T>& d,
                         int64_t column, First<T> f) {
  Vec<T> w[taps];
#pragma GCC unroll 8
  for (int v = 0; v < taps; v++) w[v] = load_first<T, partial>(weight + v * d.channels, f);
  int64_t at = column * d.x_column - d.before;
#pragma GCC unroll 32
  for (int i = 0; i < pixels + taps - 1; i++, at += d.x_column) {
    if (column + i < d.first || column + i >= d.end) continue;
    const Vec<T> value = load_first<T, partial>(x + at, f);
#pragma GCC unroll 8
    for (int v = 0; v < taps; v++)
      if (i >= v && i - v < pixels) sum[i - v] = fmadd(value, w[v], sum[i - v]);
  }
}

// What the next line sees for the first time, and where its outputs go.
template <class T, int pixels>
STRATE_INLINE void ask_for_next_line(const T* y, const T* x, const Depthwise<T>& d, int64_t j) {
  x += d.x_line + (d.kernel_rows - 1) * d.tap_row + (j + d.kernel_columns - 1) * d.x_column - d.before;
  y += d.y_line;
#pragma GCC unroll 16
  for (int i = 0; i < pixels; i++) {
    __builtin_prefetch(x + i * d.x_column, 0, 2);
    __builtin_prefetch(y + i * d.y_column, 1, 2);
  }
}

// taps: all of a row, or 0 for any number of fives and threes.
template <class T, int pixels, int taps, bool partial>
STRATE_INLINE void sliding_block(T* y, const T* x, const T* weight, const T* bias, const Depthwise<T>& d,
                                 int64_t j, First<T> f) {
  if (d.far) ask_for_next_line<T, pixels>(y, x, d, j);
  Vec<T> sum[pixels];
  start_sums<T, pixels, partial>(sum, bias, f);
  for (int64_t u = 0; u < d.kernel_rows; u++, x += d.tap_row) {
    if constexpr (taps > 0) {
      slide<T, pixels, taps, partial>(sum, x, weight, d, j, f);
      weight += taps * d.channels;
    } else {
      for (int64_t v = 0; v < d.kernel_columns;) {
        const bool five = (d.kernel_columns - v) % 3 != 0;
        if (five) slide<T, pixels, 5, partial>(sum, x, weight, d, j + v, f);
        else slide<T, pixels, 3, partial>(sum, x, weight, d, j + v, f);
        v += five ? 5 : 3;
        weight += (five ? 5 : 3) * d.channels;
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < pixels; i++)
    if (j + i < d.columns)
      store_first<T, partial>(y + i * d.y_column, activate_short<T>(sum[i], d.activation, d.slope), f);
}

template <class T, int pixels, int taps>
static void sliding_blocks(T* y, const T* x, const T* weight, const T* bias, const Depthwise<T>& d) {
  each_block<T, pixels>(d, weights_stay(d),
                        [&]<bool partial>(int64_t line, int64_t j, int64_t c, First<T> f) {
                          sliding_block<T, pixels, taps, partial>(y + line * d.y_line + j * d.y_column + c,
                                                                  x + line * d.x_line + c, weight + c,
                                                                  bias ? bias + c : nullptr, d, j, f);
                        });
}

// The widths of kernels: those that are fives and threes, or one seven. What is seldom used does without.
template <class T> constexpr bool can_slide = sizeof(T) == 4 && lanes<T> > 4;
template <class T> static bool slides(int64_t taps) {
  return can_slide<T> && taps >= 3 && taps != 4 && (taps != 7 || register_count == 32);
}
template <class T, int taps>
static void sliding_taps(T* y, const T* x, const T* weight, const T* bias, const Depthwise<T>& d) {
  if constexpr (register_count == 32)
    if ((d.columns + 13) / 14 * 14 <= (d.columns + 7) / 8 * 8)
      return sliding_blocks<T, 14, taps>(y, x, weight, bias, d);
  sliding_blocks<T, 8, taps>(y, x, weight, bias, d);
}
template <class T>
static void depthwise(T* y, const T* x, const T* weight, const T* bias, const Depthwise<T>& d) {
  if constexpr (can_slide<T>)
    if (d.slides) {
      if (d.kernel_columns == 3) return sliding_taps<T, 3>(y, x, weight, bias, d);
      if (d.kernel_columns == 5) return sliding_taps<T, 5>(y, x, weight, bias, d);
      if constexpr (register_count == 32)
        if (d.kernel_columns == 7) return sliding_taps<T, 7>(y, x, weight, bias, d);
      return sliding_blocks<T, 8, 0>(y, x, weight, bias, d);
    }
  const bool apart = d.x_line >= (d.kernel_rows - 1) * d.tap_row;  // lines share a row of x at most
  if (d.columns >= 8 && apart) depthwise_blocks<T, 8, true>(y, x, weight, bias, d);
  else if (d.columns >= 8) depthwise_blocks<T, 8>(y, x, weight, bias, d);
  else if (d.columns >= 3) depthwise_blocks<T, 3>(y, x, weight, bias, d);
  else depthwise_blocks<T, 1>(y, x, weight, bias, d);
}

template <class T, bool partial>
static void scatter_channels(T* dx, const T* dy, const T* weight, const Depthwise<T>& d, First<T> f) {
  for (int64_t line = 0; line < d.lines; line++)
    for (int64_t j = 0; j < d.columns; j++) {
      const Vec<T> value = load_first<T, partial>(dy + line * d.y_line + j * d.y_column, f);
      const T* w = weight;
      for (int64_t u = 0; u < d.kernel_rows; u++) {
        T* to = dx + line * d.x_line + j * d.x_column + u * d.tap_row;
        for (int64_t v = 0; v < d.kernel_columns; v++, w += d.channels, to += d.tap_column)
          store_first<T, partial>(
              to, fmadd(value, load_first<T, partial>(w, f), load_first<T, partial>(to, f)), f);
      }
    }
}

template <class T> static void depthwise_input(T* dx, const T* dy, const T* weight, const Depthwise<T>& d) {
  int64_t c = 0;
  for (; c + lanes<T> <= d.channels; c += lanes<T>)
    scatter_channels<T, false>(dx + c, dy + c, weight + c, d, first<T>(lanes<T>));
  if (c < d.channels) scatter_channels<T, true>(dx + c, dy + c, weight + c, d, first<T>(d.channels - c));
}

// One row of taps at a time, up to four of them in registers, over all pixels.
template <class T, int taps, bool partial>
STRATE_INLINE void gather_taps(T* dweight, const T* x, const T* dy, const Depthwise<T>& d, First<T> f) {
  Vec<T> sum[taps];
#pragma GCC unroll 4
  for (int v = 0; v < taps; v++) sum[v] = load_first<T, partial>(dweight + v * d.channels, f);
  for (int64_t line = 0; line < d.lines; line++)
    for (int64_t j = 0; j < d.columns; j++) {
      const Vec<T> value = load_first<T, partial>(dy + line * d.y_line + j * d.y_column, f);
      const T* at = x + line * d.x_line + j * d.x_column;
#pragma GCC unroll 4
      for (int v = 0; v < taps; v++)
        sum[v] = fmadd(value, load_first<T, partial>(at + v * d.tap_column, f), sum[v]);
    }
#pragma GCC unroll 4
  for (int v = 0; v < taps; v++) store_first<T, partial>(dweight + v * d.channels, sum[v], f);
}

template <class T, bool partial>
static void gather_channels(T* dweight, const T* x, const T* dy, const Depthwise<T>& d, First<T> f) {
  for (int64_t u = 0; u < d.kernel_rows; u++) {
    const T* row = x + u * d.tap_row;
    T* to = dweight + u * d.kernel_columns * d.channels;
    int64_t v = 0;
    for (; v + 3 <= d.kernel_columns; v += 3)
      gather_taps<T, 3, partial>(to + v * d.channels, row + v * d.tap_column, dy, d, f);
    for (; v < d.kernel_columns; v++)
      gather_taps<T, 1, partial>(to + v * d.channels, row + v * d.tap_column, dy, d, f);
  }
}

template <class T> static void depthwise_weight(T* dweight, const T* x, const T* dy, const Depthwise<T>& d) {
  int64_t c = 0;
  for (; c + lanes<T> <= d.channels; c += lanes<T>)
    gather_channels<T, false>(dweight + c, x + c, dy + c, d, first<T>(lanes<T>));
  if (c < d.channels) gather_channels<T, true>(dweight + c, x + c, dy + c, d, first<T>(d.channels - c));
}

}  // namespace strate::STRATE_ISA
