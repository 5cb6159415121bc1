#include "ops/sub_sample2d.h"

#include "cuda/ops/activation.h"
#include "cuda/ops/column_sums.h"
#include "cuda/ops/pool2d.h"

namespace strate::cuda {
namespace {

// Windows side by side: average pooling's geometry.
PoolSizes windows_of(const SubSampleSizes& s) {
  const auto axis = [](int64_t size, int64_t window) {
    return PoolAxis{size, size / window, window, window, 1, 0, 0};
  };
  return {axis(s.height, s.window_height), axis(s.width, s.window_width), s.images, s.channels, false};
}

// A thread for V channels of a pixel of y.
template <ActivationKind kind, int V, class T>
__global__ void forward_kernel(T* y, const T* x, const T* weight, const T* bias, PoolSizes s, T slope) {
  for_each(s.images * s.rows.out * s.columns.out * (s.channels / V), [&](int64_t i) {
    const Pixel p = pixel_of_pack<V>(i, s.rows.out, s.columns.out, s.channels);
    const auto w = load_pack<V>(weight + p.channel), b = load_pack<V>(bias + p.channel);
    Pack<T, V> z = window_sum<V>(x, s, p);
#pragma unroll
    for (int k = 0; k < V; k++) z.at[k] = activate<kind>(w.at[k] * z.at[k] + b.at[k], slope);
    store_pack(y + i * V, z);
  });
}

// A thread for V channels of a pixel of dx.
template <int V, class T> __global__ void input_kernel(T* dx, const T* dz, const T* weight, PoolSizes s) {
  for_each(s.images * s.rows.size * s.columns.size * (s.channels / V), [&](int64_t i) {
    const Pixel p = pixel_of_pack<V>(i, s.rows.size, s.columns.size, s.channels);
    const int64_t row = p.row / s.rows.window, column = p.column / s.columns.window;
    Pack<T, V> d{};
    if (row < s.rows.out && column < s.columns.out) {
      const auto w = load_pack<V>(weight + p.channel);
      d = load_pack<V>(dz + ((p.image * s.rows.out + row) * s.columns.out + column) * s.channels + p.channel);
#pragma unroll
      for (int k = 0; k < V; k++) d.at[k] *= w.at[k];
    }
    store_pack(dx + i * V, d);
  });
}

// The terms of dweight and of dbias at one pixel of y.
template <class T> struct AddWindow {
  const T *dz, *x;
  PoolSizes s;

  __device__ void operator()(double (&sums)[2], int64_t, int64_t row, int64_t channel) const {
    const T d = dz[row * s.channels + channel];
    Pixel p = pixel_of(row, s.rows.out, s.columns.out, 1);
    p.channel = channel;
    sums[0] += double(d) * double(window_sum<1>(x, s, p).at[0]);
    sums[1] += double(d);
  }
};

template <class T> struct StoreGradients {
  T *dweight, *dbias;
  Flag *dweight_flag, *dbias_flag;

  __device__ static void store(T* to, Flag* flag, double total, int64_t channel) {
    if (!to) return;
    to[channel] = T(total);
    if (to[channel] - to[channel] != T(0)) raise(flag);
  }
  __device__ void operator()(const double (&sums)[2], int64_t, int64_t channel) const {
    store(dweight, dweight_flag, sums[0], channel);
    store(dbias, dbias_flag, sums[1], channel);
  }
};

template <class T>
void forward(T* y, const T* x, const T* weight, const T* bias, SubSampleSizes sizes, ActivationKind kind,
             double slope) {
  const PoolSizes s = windows_of(sizes);
  with_activation(kind, [&]<ActivationKind k>() {
    with_packs<T>(s.channels % pack_width<T> == 0 && aligned(y, x, weight, bias), [&]<int V>() {
      launch("sub_sample2d_forward", forward_kernel<k, V, T>,
             grid_of(s.images * s.rows.out * s.columns.out * (s.channels / V)), y, x, weight, bias, s,
             T(slope));
    });
  });
}

template <class T> void input(T* dx, const T* dz, const T* weight, SubSampleSizes sizes) {
  const PoolSizes s = windows_of(sizes);
  with_packs<T>(s.channels % pack_width<T> == 0 && aligned(dx, dz, weight), [&]<int V>() {
    launch("sub_sample2d_input", input_kernel<V, T>,
           grid_of(s.images * s.rows.size * s.columns.size * (s.channels / V)), dx, dz, weight, s);
  });
}

template <class T>
void weight(T* dweight, T* dbias, const T* dz, const T* x, double* partials, SubSampleSizes sizes,
            ColumnSizes columns, Flag* dweight_flag, Flag* dbias_flag) {
  sum_columns<2>("sub_sample2d_weight", partials, columns, AddWindow<T>{dz, x, windows_of(sizes)},
                 StoreGradients<T>{dweight, dbias, dweight_flag, dbias_flag});
}

}  // namespace

void fill(SubSample2dCuda<float>& part) { part = {forward<float>, input<float>, weight<float>}; }
void fill(SubSample2dCuda<double>& part) { part = {forward<double>, input<double>, weight<double>}; }

}  // namespace strate::cuda
