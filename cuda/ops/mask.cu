#include "ops/mask.h"

#include "cuda/core/pack.h"

namespace strate::cuda {
namespace {

template <int V, class T>
__global__ void mask_kernel(T* y, const T* x, const T* mask, int64_t rows, int64_t length) {
  const int64_t packs = length / V;
  for_each(rows * packs, [&](int64_t i) {
    Pack<T, V> p = load_pack<V>(x + i * V);
    const Pack<T, V> m = load_pack<V>(mask + i % packs * V);
#pragma unroll
    for (int k = 0; k < V; k++) p.at[k] = m.at[k] != T(0) ? p.at[k] : T(0);
    store_pack(y + i * V, p);
  });
}

template <class T> void mask(T* y, const T* x, const T* mask, int64_t rows, int64_t length) {
  with_packs<T>(length % pack_width<T> == 0 && aligned(y, x, mask), [&]<int V>() {
    launch("mask", mask_kernel<V, T>, grid_of(rows * (length / V)), y, x, mask, rows, length);
  });
}

}  // namespace

void fill(MaskCuda<float>& part) { part = {mask<float>}; }
void fill(MaskCuda<double>& part) { part = {mask<double>}; }

}  // namespace strate::cuda
