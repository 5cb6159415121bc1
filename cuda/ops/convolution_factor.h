// The factors of convolutions as products: pixels are gathered where they lie, nothing is copied beforehand.
//   y       (pixels of y, filters)          = Pixels of x (windows, taps)         weight (taps, filters)
//   dweight (taps, filters)                 = Pixels of x (taps, windows)         dz (pixels of y, filters)
//   dx      (pixels of a class, channels)   = Pixels of dz (windows, taps)        TapWeights (taps, channels)
// A tap is a place of the kernel and a channel; a window is where a pixel of the result begins to look. Where
// the stride is s, a pixel of dx only meets taps of one residue, so each of the s x s classes of pixels is a
// part of its own, with all of its taps at work.
#pragma once

#include "cuda/ops/product_kernel.h"

namespace strate::cuda {

constexpr int nowhere = -(1 << 30);  // a row that no tap brings back into the image

// An axis of the gathered image: window i sees at tap q the pixel i stride + first + q step.
struct GatherAxis {
  int size, windows, stride, first, step, taps;
};

// The taps that pixels of one class meet, along one axis: tap first + q step for q < count.
struct TapClass {
  int first, step, count;
};

template <class T, bool Along> struct Pixels {
  static constexpr bool along_depth = Along;
  using Number = T;
  struct Place {  // of a window, or of a tap relative to it
    int64_t offset;
    int row, column;
  };

  const T* base;
  int images;
  GatherAxis rows, columns;
  int channels, group_channels;
  bool vectors;

  __device__ __forceinline__ Pixels part(int group) const {
    Pixels p = *this;
    p.base += int64_t(group) * group_channels;
    return p;
  }
  __device__ __forceinline__ int window_count() const { return images * rows.windows * columns.windows; }
  __device__ __forceinline__ int tap_count() const { return rows.taps * columns.taps * group_channels; }
  __device__ __forceinline__ int depth_count() const { return Along ? tap_count() : window_count(); }
  __device__ __forceinline__ Place outer(int i) const { return Along ? window(i) : tap(i); }
  __device__ __forceinline__ Place depth(int k) const { return Along ? tap(k) : window(k); }

  __device__ __forceinline__ const T* at(const Place& a, const Place& b) const {
    const bool inside = unsigned(a.row + b.row) < unsigned(rows.size) &&
                        unsigned(a.column + b.column) < unsigned(columns.size);
    return inside ? base + (a.offset + b.offset) : nullptr;
  }

 private:
  __device__ __forceinline__ Place window(int i) const {
    if (i >= window_count()) return {0, nowhere, 0};
    const unsigned line = unsigned(i) / columns.windows;
    const int row = int(line % rows.windows) * rows.stride + rows.first;
    const int column = int(unsigned(i) % columns.windows) * columns.stride + columns.first;
    const int64_t image = line / rows.windows;
    return {((image * rows.size + row) * columns.size + column) * channels, row, column};
  }
  __device__ __forceinline__ Place tap(int k) const {
    if (k >= tap_count()) return {0, nowhere, 0};
    const unsigned place = unsigned(k) / group_channels;
    const int channel = int(unsigned(k) % group_channels);
    const int row = int(place / columns.taps) * rows.step, column = int(place % columns.taps) * columns.step;
    return {(int64_t(row) * columns.size + column) * channels + channel, row, column};
  }
};

// ---- the gradient of the input, class by class

struct ClassAxis {
  int size, out, kernel, stride, dilation, before;

  __host__ __device__ __forceinline__ int classes() const { return stride < size ? stride : size; }
  __device__ __forceinline__ int pixels(int of_class) const {
    return (size - of_class + stride - 1) / stride;
  }
  __device__ __forceinline__ TapClass taps(int of_class) const {
    TapClass t{0, 1, 0};
    while (t.step * dilation % stride != 0) t.step++;
    while (t.first < t.step && (of_class + before - t.first * dilation) % stride != 0) t.first++;
    if (t.first < t.step && t.first < kernel) t.count = (kernel - 1 - t.first) / t.step + 1;
    return t;
  }
  // dz as an image in which the pixels of a class look for their outputs.
  __device__ __forceinline__ GatherAxis gather(int of_class) const {
    const TapClass t = taps(of_class);
    return {out,
            pixels(of_class),
            1,
            (of_class + before - t.first * dilation) / stride,
            -(t.step * dilation / stride),
            t.count};
  }
};

// Part i is class (row, column) of a group.
struct ClassOfPart {
  int group, row, column;
  __device__ __forceinline__ ClassOfPart(int i, const ClassAxis& rows, const ClassAxis& columns) {
    column = i % columns.classes();
    i /= columns.classes();
    row = i % rows.classes();
    group = i / rows.classes();
  }
};

template <class T> struct OutputPixels {
  using Number = T;
  const T* dz;
  int images;
  ClassAxis rows, columns;
  int filters, group_filters;
  bool vectors;

  __device__ __forceinline__ Pixels<T, true> part(int i) const {
    const ClassOfPart c(i, rows, columns);
    return {dz + int64_t(c.group) * group_filters,
            images,
            rows.gather(c.row),
            columns.gather(c.column),
            filters,
            group_filters,
            vectors};
  }
};

// The weights that pixels of a class meet, (taps and filters, channels): filters are neighbours in memory.
template <class T> struct TapWeights {
  static constexpr bool along_depth = true, heavy = true;
  using Number = T;
  using Row = const T*;
  using Place = int;  // numbers from the row, -1 beyond the edge

  const T* base;
  ClassAxis rows, columns;
  int filters, group_filters, group_channels;
  bool vectors;
  // Of the part's class: columns of taps, all terms, and the way from a tap to the next in a column, in a
  // row.
  int across, terms, row_step, column_step;

  __device__ __forceinline__ TapWeights part(int i) const {
    const ClassOfPart c(i, rows, columns);
    TapWeights w = *this;
    const TapClass down = rows.taps(c.row), right = columns.taps(c.column);
    const int tap = group_channels * filters;
    w.base += int64_t(c.group) * group_filters + int64_t(down.first * columns.kernel + right.first) * tap;
    w.across = right.count;
    w.terms = down.count * right.count * group_filters;
    w.row_step = down.step * columns.kernel * tap;
    w.column_step = right.step * tap;
    return w;
  }
  __device__ __forceinline__ Row outer(int channel) const {
    return channel < group_channels ? base + int64_t(channel) * filters : nullptr;
  }
  __device__ __forceinline__ Place depth(int k) const {
    if (k >= terms) return -1;
    const unsigned place = unsigned(k) / group_filters;
    return int(place / across) * row_step + int(place % across) * column_step +
           int(unsigned(k) % group_filters);
  }
  __device__ __forceinline__ const T* at(Row row, Place place) const {
    return row && place >= 0 ? row + place : nullptr;
  }
};

// The pixels of dx of a class, as a matrix that is written.
template <class T> struct InputPixels {
  using Number = T;
  T* base;
  int images;
  ClassAxis down, across;
  int channels;
  int columns;  // channels of a group
  Finish<Wide<T>> finish;
  int row_class, column_class;

  __device__ __forceinline__ InputPixels part(int i, int) const {
    const ClassOfPart c(i, down, across);
    InputPixels p = *this;
    p.base += int64_t(c.group) * columns;
    if (finish.bias) p.finish.bias += c.group * columns;
    p.row_class = c.row;
    p.column_class = c.column;
    return p;
  }
  __device__ __forceinline__ int row_count() const {
    return images * down.pixels(row_class) * across.pixels(column_class);
  }
  __device__ __forceinline__ T* row(int i) const {
    const unsigned in_row = across.pixels(column_class), in_column = down.pixels(row_class);
    const unsigned line = unsigned(i) / in_row;
    const int64_t column = int64_t(unsigned(i) % in_row) * across.stride + column_class;
    const int64_t row = int64_t(line % in_column) * down.stride + row_class;
    return base + ((int64_t(line / in_column) * down.size + row) * across.size + column) * channels;
  }
};

}  // namespace strate::cuda
