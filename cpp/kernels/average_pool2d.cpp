#include "kernels/average_pool2d.h"

#include "kernels/pool2d_window.h"

namespace strate::STRATE_ISA {
namespace {

// 1 / the number of places that window o counts along an axis; whole windows, the usual case, are not looked at twice.
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
    for (int64_t j = 0; j < s.columns.out; j++, y += channels) {
      const PoolSpan columns = pool_span(s.columns, j);
      const T share = down(i) * across(j);
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        Vec<T> sum = zero<T>();
        for (int64_t a = rows.first; a < rows.last; a++) {
          const T* row = x + r / s.rows.out * image + (rows.start + a * s.rows.dilation) * s.columns.size * channels;
          for (int64_t b = columns.first; b < columns.last; b++)
            sum += load_first<T, partial>(row + (columns.start + b * s.columns.dilation) * channels + c, f);
        }
        store_first<T, partial>(y + c, sum * broadcast<T>(share), f);
      });
    }
  }
}

// Each pixel adds up its shares of the windows that see it, so every dx is written once, by one thread.
template <class T> void backward(T* dx, const T* dy, const PoolSizes& s, int64_t begin, int64_t end) {
  const int64_t channels = s.channels, image = s.rows.out * s.columns.out * channels;
  const Shares<T> down{s.rows, s.count_padding}, across{s.columns, s.count_padding};
  dx += begin * s.columns.size * channels;
  for (int64_t r = begin; r < end; r++) {
    const T* from = dy + r / s.rows.size * image;
    const int64_t p = r % s.rows.size + s.rows.before;
    int64_t last = s.columns.before / s.columns.stride, offset = s.columns.before % s.columns.stride;
    for (int64_t q = 0; q < s.columns.size; q++, dx += channels) {
      for_channels<T>(channels, [&]<bool partial>(int64_t c, First<T> f) {
        Vec<T> sum = zero<T>();
        for_windows_of(s.rows, p / s.rows.stride, p % s.rows.stride, [&](int64_t i, int64_t) {
          for_windows_of(s.columns, last, offset, [&](int64_t j, int64_t) {
            Vec<T> d = load_first<T, partial>(from + (i * s.columns.out + j) * channels + c, f);
            sum = fmadd(d, broadcast<T>(down(i) * across(j)), sum);
          });
        });
        store_first<T, partial>(dx + c, sum, f);
      });
      if (++offset == s.columns.stride) offset = 0, last++;
    }
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
