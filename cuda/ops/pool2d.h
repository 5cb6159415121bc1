// What the pooling kernels share: which element a thread has, and where windows lie.
#pragma once

#include "cuda/core/pack.h"
#include "kernels/pool2d.h"

namespace strate::cuda {

// Image, row, column and channel of element i of (images, rows, columns, channels).
struct Pixel {
  int64_t image, row, column, channel;
};

__device__ __forceinline__ Pixel pixel_of(int64_t i, int64_t rows, int64_t columns, int64_t channels) {
  Pixel p;
  p.channel = i % channels;
  i /= channels;
  p.column = i % columns;
  i /= columns;
  p.row = i % rows;
  p.image = i / rows;
  return p;
}

// The same for the first element of pack i, of V channels each.
template <int V>
__device__ __forceinline__ Pixel pixel_of_pack(int64_t i, int64_t rows, int64_t columns, int64_t channels) {
  Pixel p = pixel_of(i, rows, columns, channels / V);
  p.channel *= V;
  return p;
}

// Windows along an axis that may hold the pixel at `place`: first ... last.
struct Reach {
  int64_t first, last;
};

__device__ __forceinline__ Reach windows_over(const PoolAxis& axis, int64_t place) {
  const int64_t at = place + axis.before, span = axis.dilation * (axis.window - 1);
  const int64_t first = at <= span ? 0 : (at - span + axis.stride - 1) / axis.stride;
  const int64_t last = at / axis.stride;
  return {first, last < axis.out ? last : axis.out - 1};
}

// Places first ... last - 1 of window o lie in the image; place a is pixel start + a * dilation.
struct Span {
  int64_t start, first, last;
};

__device__ __forceinline__ Span span_of(const PoolAxis& axis, int64_t o) {
  Span s{o * axis.stride - axis.before, 0, axis.window};
  if (s.start < 0) s.first = (-s.start + axis.dilation - 1) / axis.dilation;
  if (s.start + (axis.window - 1) * axis.dilation >= axis.size)
    s.last = (axis.size - s.start + axis.dilation - 1) / axis.dilation;
  return s;
}

// Sums of V channels over the window of p, a pixel of y.
template <int V, class T>
__device__ __forceinline__ Pack<Wide<T>, V> window_sum(const T* x, const PoolSizes& s, const Pixel& p) {
  const Span down = span_of(s.rows, p.row), across = span_of(s.columns, p.column);
  const T* image = x + p.image * s.rows.size * s.columns.size * s.channels + p.channel;
  Pack<Wide<T>, V> sum{};
  for (int64_t a = down.first; a < down.last; a++) {
    const T* row = image + (down.start + a * s.rows.dilation) * s.columns.size * s.channels;
    for (int64_t b = across.first; b < across.last; b++) {
      const auto v = load_pack<V>(row + (across.start + b * s.columns.dilation) * s.channels);
#pragma unroll
      for (int k = 0; k < V; k++) sum.at[k] += v.at[k];
    }
  }
  return sum;
}

}  // namespace strate::cuda
