#include "cuda/ops/activation.h"

#include "cuda/core/pack.h"
#include "cuda/ops/softmax.h"
#include "ops/activation.h"

namespace strate::cuda {
namespace {

template <ActivationKind kind, int V, class T>
__global__ void forward_kernel(T* y, const T* x, int64_t n, Wide<T> slope) {
  for_packs<V>(n, [&]<int W>(int64_t i) {
    auto p = load_pack<W>(x + i);
#pragma unroll
    for (int w = 0; w < W; w++) p.at[w] = activate<kind>(p.at[w], slope);
    store_pack(y + i, p);
  });
}

template <ActivationKind kind, int V, class T>
__global__ void backward_kernel(T* dx, const T* dy, const T* y, int64_t n, Wide<T> slope) {
  for_packs<V>(n, [&]<int W>(int64_t i) {
    auto p = load_pack<W>(dy + i);
    const auto q = load_pack<W>(y + i);
#pragma unroll
    for (int w = 0; w < W; w++) p.at[w] = activate_backward<kind>(p.at[w], q.at[w], slope);
    store_pack(dx + i, p);
  });
}

template <class T> __global__ void elementary_kernel(T* y, const T* x, int64_t n, Elementary function) {
  for_each(n, [&](int64_t i) { y[i] = function == Elementary::exp ? exp(x[i]) : log(x[i]); });
}

template <class T> void forward(T* y, const T* x, int64_t n, ActivationKind kind, double slope) {
  with_activation(kind, [&]<ActivationKind k>() {
    with_packs<T>(aligned(y, x), [&]<int V>() {
      launch("activation_forward", forward_kernel<k, V, T>, grid_of(n / V), y, x, n, Wide<T>(slope));
    });
  });
}

template <class T>
void backward(T* dx, const T* dy, const T* y, int64_t n, ActivationKind kind, double slope) {
  with_activation(kind, [&]<ActivationKind k>() {
    with_packs<T>(aligned(dx, dy, y), [&]<int V>() {
      launch("activation_backward", backward_kernel<k, V, T>, grid_of(n / V), dx, dy, y, n, Wide<T>(slope));
    });
  });
}

template <class T> void elementary(T* y, const T* x, int64_t n, Elementary function) {
  launch("elementary", elementary_kernel<T>, grid_of(n), y, x, n, function);
}

template <class T> void fill_part(ActivationCuda<T>& part) {
  part = {forward<T>, backward<T>, softmax_forward<T>, softmax_backward<T>, elementary<T>};
}

}  // namespace

void fill(ActivationCuda<float>& part) { fill_part(part); }
void fill(ActivationCuda<double>& part) { fill_part(part); }
void fill(ActivationCuda<bfloat16>& part) { part = {forward<bfloat16>, backward<bfloat16>, {}, {}, {}}; }

}  // namespace strate::cuda
