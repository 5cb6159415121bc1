// Which pixels a window sees, and which windows see a pixel: the geometry under every pooling kernel.
#pragma once

#include "kernels/pool2d.h"
#include "simd/partial.h"

namespace strate::STRATE_ISA {

// Places first..last - 1 of output o's window lie in the image; place a is pixel start + a * dilation.
struct PoolSpan {
  int64_t start, first, last;
};
STRATE_INLINE PoolSpan pool_span(const PoolAxis& axis, int64_t o) {
  PoolSpan s{o * axis.stride - axis.before, 0, axis.window};
  if (s.start < 0) s.first = (-s.start + axis.dilation - 1) / axis.dilation;
  if (s.start + (axis.window - 1) * axis.dilation >= axis.size)
    s.last = (axis.size - s.start + axis.dilation - 1) / axis.dilation;
  return s;
}

// Places of output o's window that an average counts: those in the image, or in the image and its padding.
STRATE_INLINE int64_t pool_count(const PoolAxis& axis, int64_t o, bool count_padding) {
  PoolSpan s = pool_span(axis, o);
  if (!count_padding) return s.last - s.first;
  const int64_t end = axis.size + axis.after;
  if (s.start + (axis.window - 1) * axis.dilation < end) return axis.window;
  return (end - s.start + axis.dilation - 1) / axis.dilation;
}

// f(o, a) for each output o that sees pixel p, at place a of its window; from the last output to the first.
// `last` and `offset` are (p + before) / stride and the remainder, which a caller that walks along an axis
// keeps.
template <class F>
STRATE_INLINE void for_windows_of(const PoolAxis& axis, int64_t last, int64_t offset, F f) {
  for (int64_t o = last, d = offset; o >= 0 && d <= (axis.window - 1) * axis.dilation;
       o--, d += axis.stride) {
    if (o >= axis.out) continue;
    if (axis.dilation == 1) f(o, d);
    else if (d % axis.dilation == 0) f(o, d / axis.dilation);
  }
}

// No pixel lies in two windows.
STRATE_INLINE bool side_by_side(const PoolAxis& axis) {
  return axis.stride >= axis.window && axis.dilation == 1;
}

// A row of the gradient under windows that lie side by side: f(o, pixel, place, count) for the pixels of each
// window, and the others are cleared.
template <class T, class F>
STRATE_INLINE void for_tiles(T* dx, const PoolAxis& columns, int64_t channels, F f) {
  int64_t done = 0;
  for (int64_t o = 0; o < columns.out; o++) {
    const PoolSpan s = pool_span(columns, o);
    for (; done < s.start * channels; done++) dx[done] = 0;
    f(o, s.start + s.first, s.first, s.last - s.first);
    done = (s.start + s.last) * channels;
  }
  for (; done < columns.size * channels; done++) dx[done] = 0;
}

// Channels in registers: f.operator()<partial>(c, first), where a partial register has only the lanes of
// `first`.
template <class T, class F> STRATE_INLINE void for_channels(int64_t channels, F f) {
  int64_t c = 0;
  for (; c + lanes<T> <= channels; c += lanes<T>) f.template operator()<false>(c, First<T>{});
  if (c < channels) f.template operator()<true>(c, first<T>(channels - c));
}

}  // namespace strate::STRATE_ISA
