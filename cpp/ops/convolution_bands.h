// Bands of output rows, forward: what they see of x, and the products of each. Where padding is read, taps
// that lie outside the image are left out, output by output; or a copy of the band has the padding in it.
#pragma once

#include <algorithm>

#include "ops/convolution.h"
#include "ops/convolution_filters.h"
#include "ops/grid.h"

namespace strate::cpu {

template <class T> struct Forward {
  T* y;
  const T *x, *weight, *bias;
  Convolution c;
  ActivationKind activation;
  T slope;
  const T* repeated = nullptr;        // weights and bias of pixels that are taken together
  bool far_x = false, far_y = false;  // lie in no cache
};

// What a band of rows of outputs sees.
template <class T> struct Seen {
  const T* data;
  int64_t row;
  ConvolutionAxis rows, columns;  // of the data
  Span outputs;                   // rows of outputs, as `rows` counts them
};

template <class T> Seen<T> seen(const Convolution& c, const T* x, int64_t image, Span rows, T* scratch) {
  if (!scratch) {
    const int64_t row = c.columns.size * c.channels;
    return {x + image * c.rows.size * row, row, c.rows, c.columns, rows};
  }
  const BandView<T> band = input_band<T>(c, x, image, rows.begin, rows.end, scratch);
  Seen<T> s{band.data, band.row, c.rows, c.columns, {0, rows.size()}};
  for (ConvolutionAxis* a : {&s.rows, &s.columns}) a->before = 0, a->size = a->needed();
  return s;
}

// f(rows, columns) for blocks of outputs that see the same taps: all of them but at the edges of the image.
struct SameTaps {
  Span outputs;
  Inside taps;
};
template <class F> void for_same_taps(const ConvolutionAxis& a, Span outputs, F&& f) {
  for (int64_t i = outputs.begin, end; i < outputs.end; i = end) {
    const Inside taps = inside(a, i);
    end = i + 1;
    if (taps.count == a.kernel) end = std::clamp(a.end_whole(), end, outputs.end);
    for (; end < outputs.end && taps.count < a.kernel; end++) {
      const Inside next = inside(a, end);
      if (next.first != taps.first || next.count != taps.count) break;
    }
    f(SameTaps{{i, end}, taps});
  }
}
template <class T, class F> void for_blocks(const Seen<T>& s, F&& f) {
  for_same_taps(s.rows, s.outputs, [&](const SameTaps& rows) {
    for_same_taps(s.columns, {0, s.columns.out}, [&](const SameTaps& columns) { f(rows, columns); });
  });
}

// Outputs of a block along one axis, and their steps in y and in x.
struct Along {
  int64_t count, y, x;
};
// The longer axis first: it fills the tiles of a kernel.
template <class T>
std::pair<Along, Along> axes(const Convolution& c, const Seen<T>& s, const SameTaps& rows,
                             const SameTaps& columns) {
  const Along down{rows.outputs.size(), c.columns.out * c.filters, c.rows.stride * s.row};
  const Along across{columns.outputs.size(), c.filters, c.columns.stride * c.channels};
  return across.count < 8 && across.count < down.count ? std::pair{down, across} : std::pair{across, down};
}

template <class T>
const T* first_tap(const Convolution& c, const Seen<T>& s, const SameTaps& rows, const SameTaps& columns) {
  return s.data + rows.taps.at * s.row + columns.taps.at * c.channels;
}
template <class T> int64_t place_in_band(const Seen<T>& s, const SameTaps& rows, const SameTaps& columns) {
  return (rows.outputs.begin - s.outputs.begin) * s.columns.out + columns.outputs.begin;
}

// The products of one band with filters begin..end.
template <class T>
void direct_band(const Forward<T>& f, const Filters<T>& weights, const Seen<T>& s, T* y, Span filters) {
  const Convolution& c = f.c;
  const int64_t gc = c.group_channels(), gf = c.group_filters();
  for (int64_t g = filters.begin / gf; g * gf < filters.end; g++) {
    const int64_t from = std::max(filters.begin, g * gf), to = std::min(filters.end, (g + 1) * gf);
    for_blocks(s, [&](const SameTaps& rows, const SameTaps& columns) {
      const auto [first, second] = axes(c, s, rows, columns);
      Product<T> p{y + place_in_band(s, rows, columns) * c.filters + from,
                   first_tap(c, s, rows, columns) + g * gc, nullptr};
      p.m = first.count;
      p.n = to - from;
      p.c_row = first.y;
      p.a_row = first.x;
      p.lines = second.count;
      p.c_line = second.y;
      p.a_line = second.x;
      p.walk.outer = rows.taps.count;
      p.walk.outer_step = c.rows.dilation * s.row;
      p.walk.inner = c.contiguous() ? 1 : columns.taps.count;
      p.walk.inner_step = c.columns.dilation * c.channels;
      p.walk.length = c.contiguous() ? columns.taps.count * gc : gc;
      if (p.walk.length == 1 && !weights.narrow) {  // a row of taps is one run
        std::swap(p.walk.inner, p.walk.length);
        p.walk.step = p.walk.inner_step;
      }
      weights.point(p, f.weight, g, from - g * gf,
                    (rows.taps.first * c.columns.kernel + columns.taps.first) * gc,
                    (c.columns.kernel - columns.taps.count) * gc);
      p.bias = f.bias ? f.bias + from : nullptr;
      p.activation = f.activation;
      p.slope = f.slope;
      p.far_a = f.far_x && from == filters.begin && first.x < second.x;
      p.far_c = f.far_y;
      weights.multiply(p);
    });
  }
}

template <class T> Depthwise<T> depthwise_sizes(const Forward<T>& f, const Seen<T>& s, const SameTaps& rows) {
  const Convolution& c = f.c;
  Depthwise<T> d;
  d.lines = rows.outputs.size();
  d.columns = c.columns.out;
  d.channels = c.channels;
  d.kernel_rows = rows.taps.count;
  d.kernel_columns = c.columns.kernel;
  d.x_line = c.rows.stride * s.row;
  d.x_column = c.columns.stride * c.channels;
  d.tap_row = c.rows.dilation * s.row;
  d.tap_column = c.columns.dilation * c.channels;
  d.y_line = c.columns.out * c.channels;
  d.y_column = c.channels;
  d.activation = f.activation;
  d.slope = f.slope;
  return d;
}

template <class T> bool slides(const Convolution& c) {
  return c.columns.stride == c.columns.dilation && c.columns.before >= 0 &&
         kernels<T>().conv2d.slides(c.columns.kernel);
}
template <class T> void sliding_band(const Forward<T>& f, const Seen<T>& s, T* y) {
  const Convolution& c = f.c;
  for_same_taps(s.rows, s.outputs, [&](const SameTaps& rows) {
    Depthwise<T> d = depthwise_sizes(f, s, rows);
    d.slides = true;
    d.far = f.far_y;
    d.before = c.columns.before * c.channels;
    d.first = parts_up(c.columns.before, c.columns.stride);
    d.end = parts_up(c.columns.before + c.columns.size, c.columns.stride);
    kernels<T>().conv2d.depthwise(y + (rows.outputs.begin - s.outputs.begin) * d.y_line,
                                  s.data + rows.taps.at * s.row,
                                  f.weight + rows.taps.first * c.columns.kernel * c.channels, f.bias, d);
  });
}

// `together` pixels that follow one another are one of so many times the channels.
template <class T> void depthwise_band(const Forward<T>& f, int64_t together, const Seen<T>& s, T* y) {
  const Convolution& c = f.c;
  const auto& k = kernels<T>().conv2d;
  for_blocks(s, [&](const SameTaps& rows, const SameTaps& columns) {
    const auto [first, second] = axes(c, s, rows, columns);
    Depthwise<T> d = depthwise_sizes(f, s, rows);
    d.lines = second.count;
    d.columns = first.count;
    d.kernel_columns = columns.taps.count;
    d.skipped = (c.columns.kernel - columns.taps.count) * c.channels;
    d.x_line = second.x;
    d.x_column = first.x;
    d.y_line = second.y;
    d.y_column = first.y;
    T* to = y + place_in_band(s, rows, columns) * c.channels;
    const T* from = first_tap(c, s, rows, columns);
    const T* weight = f.weight + (rows.taps.first * c.columns.kernel + columns.taps.first) * c.channels;
    if (together == 1) return k.depthwise(to, from, weight, f.bias, d);
    const int64_t done = d.columns / together * together * c.channels;
    Depthwise<T> wide = d;
    wide.columns = d.columns / together;
    wide.channels = wide.x_column = wide.y_column = together * c.channels;
    k.depthwise(to, from, f.repeated, f.bias ? f.repeated + c.taps() * wide.channels : nullptr, wide);
    d.columns %= together;
    if (d.columns > 0) k.depthwise(to + done, from + done, weight, f.bias, d);
  });
}

template <class T> void pairs_band(const Forward<T>& f, const Seen<T>& s, T* y) {
  const Convolution& c = f.c;
  Pairs<T> p;
  p.lines = s.outputs.size();
  p.columns = c.columns.out;
  p.filters = c.filters;
  p.kernel_rows = c.rows.kernel;
  p.kernel_columns = c.columns.kernel;
  p.x_line = c.rows.stride * s.row;
  p.tap_row = c.rows.dilation * s.row;
  p.activation = f.activation;
  p.slope = f.slope;
  kernels<T>().conv2d.pairs(y, s.data, f.weight, f.bias, p);
}

}  // namespace strate::cpu
