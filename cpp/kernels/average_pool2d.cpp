#include "kernels/average_pool2d.h"

#include "kernels/pool2d_window.h"

namespace strate::STRATE_ISA {
namespace {

// 1 / the number of places that window o counts along an axis; whole windows, the usual case, are not looked
// at twice.
template <class T> struct Shares {
  const PoolAxis& axis;
  bool count_padding;
  T whole = T(1) / T(axis.window);

  __attribute__((always_inline)) T operator()(int64_t o) const {
    const int64_t start = o * axis.stride - axis.before, end = start + (axis.window - 1) * axis.dilation;
    if (start >= 0 && end < axis.size) return whole;
    return T(1) / T(pool_count(axis, o, count_padding));
  }
};

template <class T> void forward(T* y, const T* x, const PoolSizes& s, int64_t begin, int64_t end) {
  const int64_t channels = s.channels, image = s.rows.size * s.columns.size * channels;
  const Shares<T> down{s.rows, s.count_padding}, across{s.columns, s.count_padding};
  y += begin * s.columns.out * channels;
  for (int64_t r = begin; r < end; r++) {
    const int64_t i = r % s.rows.out;
    const PoolSpan rows = pool_span(s.rows, i);
    const T share_down = down(i);
    for (int64_t j = 0; j < s.columns.out; j++, y += channels) {
      const PoolSpan columns = pool_span(s.columns, j);
      const Vec<T> share = broadcast<T>(share_down * across(j));
      const T* top = x + r / s.rows.out * image +
                     ((rows.start + rows.first * s.rows.dilation) * s.columns.size + columns.start +
                      columns.first * s.columns.dilation) *
                         channels;
      const int64_t step_down = s.rows.dilation * s.columns.size * channels,
                    step = s.columns.dilation * channels;
      const int64_t count_down = rows.last - rows.first, count = columns.last - columns.first;
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        Vec<T> sum = zero<T>();
        for (int64_t a = 0; a < count_down; a++)
          for (int64_t b = 0; b < count; b++)
            sum += load_first<T, partial>(top + a * step_down + b * step + c, f);
        store_first<T, partial>(y + c, sum * share, f);
      });
    }
  }
}

template <class T> STRATE_INLINE void clear(T* p, int64_t n) {
  for (int64_t i = 0; i < n; i++) p[i] = 0;
}

template <class T> struct Backward {
  const PoolSizes& s;
  Shares<T> down{s.rows, s.count_padding}, across{s.columns, s.count_padding};

  // Each pixel adds up its shares of the windows that see it, so every dx is written by one thread.
  __attribute__((always_inline)) void row(T* dx, const T* dy, int64_t p) const {
    const int64_t channels = s.channels, down_place = p + s.rows.before;
    int64_t last = s.columns.before / s.columns.stride, offset = s.columns.before % s.columns.stride;
    for (int64_t q = 0; q < s.columns.size; q++, dx += channels) {
      bool seen = false;
      for_windows_of(s.rows, down_place / s.rows.stride, down_place % s.rows.stride, [&](int64_t i, int64_t) {
        for_windows_of(s.columns, last, offset, [&](int64_t j, int64_t) {
          const T* at = dy + (i * s.columns.out + j) * channels;
          const Vec<T> share = broadcast<T>(down(i) * across(j));
          for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
            Vec<T> d = load_first<T, partial>(at + c, f) * share;
            store_first<T, partial>(dx + c, seen ? load_first<T, partial>(dx + c, f) + d : d, f);
          });
          seen = true;
        });
      });
      if (!seen) clear(dx, channels);
      if (++offset == s.columns.stride) offset = 0, last++;
    }
  }

  // Windows side by side: each window of row i is read once for every row of pixels that it sees.
  __attribute__((always_inline)) void tiled_row(T* dx, const T* dy, int64_t i) const {
    const int64_t channels = s.channels;
    const T share_down = down(i);
    for_tiles(dx, s.columns, channels, [&](int64_t o, int64_t pixel, int64_t, int64_t count) {
      const Vec<T> share = broadcast<T>(share_down * across(o));
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        const Vec<T> d = load_first<T, partial>(dy + o * channels + c, f) * share;
        T* at = dx + pixel * channels + c;
        for (int64_t b = 0; b < count; b++, at += channels) store_first<T, partial>(at, d, f);
      });
    });
  }
};

template <class T> void backward(T* dx, const T* dy, const PoolSizes& s, int64_t begin, int64_t end) {
  const int64_t row = s.columns.size * s.channels, row_out = s.columns.out * s.channels;
  const Backward<T> backward{s};
  const bool tiles = side_by_side(s.rows) && side_by_side(s.columns);
  for (int64_t r = begin; r < end; r++) {
    const T* image = dy + r / s.rows.size * s.rows.out * row_out;
    const int64_t p = r % s.rows.size + s.rows.before, i = p / s.rows.stride;
    if (!tiles) backward.row(dx + r * row, image, r % s.rows.size);
    else if (i < s.rows.out && p % s.rows.stride < s.rows.window)
      backward.tiled_row(dx + r * row, image + i * row_out, i);
    else clear(dx + r * row, row);
  }
}

template <class T> void fill_part(AveragePool2dKernels<T>& k) {
  k.forward = forward<T>;
  k.backward = backward<T>;
}

}  // namespace

void fill(AveragePool2dKernels<float>& k) { fill_part(k); }
void fill(AveragePool2dKernels<double>& k) { fill_part(k); }

}  // namespace strate::STRATE_ISA
