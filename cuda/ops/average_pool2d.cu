#include "ops/average_pool2d.h"

#include "cuda/ops/pool2d.h"

namespace strate::cuda {
namespace {

// 1 / the number of places that window o counts along an axis.
template <class T>
__device__ __forceinline__ T share_of(const PoolAxis& axis, int64_t o, bool count_padding) {
  const Span s = span_of(axis, o);
  int64_t count = s.last - s.first;
  if (count_padding) {
    const int64_t end = axis.size + axis.after;
    count = s.start + (axis.window - 1) * axis.dilation < end
                ? axis.window
                : (end - s.start + axis.dilation - 1) / axis.dilation;
  }
  return T(1) / T(count);
}

// A thread for V channels of a pixel of y.
template <int V, class T> __global__ void forward_kernel(T* y, const T* x, PoolSizes s) {
  for_each(s.images * s.rows.out * s.columns.out * (s.channels / V), [&](int64_t i) {
    const Pixel p = pixel_of_pack<V>(i, s.rows.out, s.columns.out, s.channels);
    const Wide<T> share = share_of<Wide<T>>(s.rows, p.row, s.count_padding) *
                          share_of<Wide<T>>(s.columns, p.column, s.count_padding);
    auto sum = window_sum<V>(x, s, p);
#pragma unroll
    for (int k = 0; k < V; k++) sum.at[k] *= share;
    store_pack(y + i * V, sum);
  });
}

// A thread for V channels of a pixel of dx, which adds up its shares of the windows that see it: no atomics,
// and every dx is written.
template <int V, class T> __global__ void backward_kernel(T* dx, const T* dy, PoolSizes s) {
  for_each(s.images * s.rows.size * s.columns.size * (s.channels / V), [&](int64_t i) {
    const Pixel p = pixel_of_pack<V>(i, s.rows.size, s.columns.size, s.channels);
    const Reach rows = windows_over(s.rows, p.row), columns = windows_over(s.columns, p.column);
    Pack<Wide<T>, V> sum{};
    for (int64_t r = rows.first; r <= rows.last; r++) {
      if ((p.row + s.rows.before - r * s.rows.stride) % s.rows.dilation != 0) continue;
      const Wide<T> down = share_of<Wide<T>>(s.rows, r, s.count_padding);
      const T* row = dy + (p.image * s.rows.out + r) * s.columns.out * s.channels + p.channel;
      for (int64_t c = columns.first; c <= columns.last; c++) {
        if ((p.column + s.columns.before - c * s.columns.stride) % s.columns.dilation != 0) continue;
        const Wide<T> share = down * share_of<Wide<T>>(s.columns, c, s.count_padding);
        const auto d = load_pack<V>(row + c * s.channels);
#pragma unroll
        for (int k = 0; k < V; k++) sum.at[k] += d.at[k] * share;
      }
    }
    store_pack(dx + i * V, sum);
  });
}

template <class T> void forward(T* y, const T* x, PoolSizes s) {
  with_packs<T>(s.channels % pack_width<T> == 0 && aligned(y, x), [&]<int V>() {
    launch("average_pool2d_forward", forward_kernel<V, T>,
           grid_of(s.images * s.rows.out * s.columns.out * (s.channels / V)), y, x, s);
  });
}

template <class T> void backward(T* dx, const T* dy, PoolSizes s) {
  with_packs<T>(s.channels % pack_width<T> == 0 && aligned(dx, dy), [&]<int V>() {
    launch("average_pool2d_backward", backward_kernel<V, T>,
           grid_of(s.images * s.rows.size * s.columns.size * (s.channels / V)), dx, dy, s);
  });
}

}  // namespace

void fill(AveragePool2dCuda<float>& part) { part = {forward<float>, backward<float>}; }
void fill(AveragePool2dCuda<double>& part) { part = {forward<double>, backward<double>}; }
void fill(AveragePool2dCuda<bfloat16>& part) { part = {forward<bfloat16>, backward<bfloat16>}; }

}  // namespace strate::cuda
