#include "ops/global_average_pool2d.h"

#include "cuda/core/pack.h"
#include "cuda/ops/column_sums.h"

namespace strate::cuda {
namespace {

template <class T> struct AddPixel {
  const T* x;
  int64_t pixels, channels;

  __device__ void operator()(double (&sums)[1], int64_t image, int64_t pixel, int64_t channel) const {
    sums[0] += double(widened(x[(image * pixels + pixel) * channels + channel]));
  }
};

template <class T> struct StoreMean {
  T* y;
  int64_t pixels, channels;

  __device__ void operator()(const double (&sums)[1], int64_t image, int64_t channel) const {
    y[image * channels + channel] = narrowed<T>(Wide<T>(sums[0] / double(pixels)));
  }
};

// A thread for V channels of a pixel of dx.
template <int V, class T>
__global__ void backward_kernel(T* dx, const T* dy, int64_t images, int64_t pixels, int64_t channels,
                                Wide<T> share) {
  const int64_t packs = channels / V;
  for_each(images * pixels * packs, [&](int64_t i) {
    const int64_t row = i / packs;
    auto d = load_pack<V>(dy + row / pixels * channels + (i - row * packs) * V);
#pragma unroll
    for (int k = 0; k < V; k++) d.at[k] *= share;
    store_pack(dx + i * V, d);
  });
}

template <class T> void forward(T* y, const T* x, double* partials, ColumnSizes s) {
  sum_columns<1>("global_average_pool2d_forward", partials, s, AddPixel<T>{x, s.rows, s.columns},
                 StoreMean<T>{y, s.rows, s.columns});
}

template <class T> void backward(T* dx, const T* dy, int64_t images, int64_t pixels, int64_t channels) {
  with_packs<T>(channels % pack_width<T> == 0 && aligned(dx, dy), [&]<int V>() {
    launch("global_average_pool2d_backward", backward_kernel<V, T>, grid_of(images * pixels * (channels / V)),
           dx, dy, images, pixels, channels, Wide<T>(1 / double(pixels)));
  });
}

}  // namespace

void fill(GlobalAveragePool2dCuda<float>& part) { part = {forward<float>, backward<float>}; }
void fill(GlobalAveragePool2dCuda<double>& part) { part = {forward<double>, backward<double>}; }
void fill(GlobalAveragePool2dCuda<bfloat16>& part) { part = {forward<bfloat16>, backward<bfloat16>}; }

}  // namespace strate::cuda
