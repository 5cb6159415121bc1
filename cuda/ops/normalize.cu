#include "ops/normalize.h"

#include "cuda/core/pack.h"

namespace strate::cuda {
namespace {

// Division of 64 bits is slow, and seldom needed.
__device__ __forceinline__ int64_t remainder_of(int64_t i, int64_t n) {
  return (i | n) >> 32 ? i % n : int64_t(uint32_t(i) % uint32_t(n));
}

// A thread for each pack; where one begins inside a row its channels wrap around.
template <int V, class T>
__global__ void normalize_kernel(T* y, const T* x, const T* mean, const T* deviation, int64_t n,
                                 int64_t channels) {
  for_packs<V>(n, [&]<int W>(int64_t i) {
    Pack<T, W> pack = load_pack<W>(x + i);
    int64_t c = remainder_of(i, channels);
    for (int j = 0; j < W; j++) {
      if (mean) pack.at[j] -= mean[c];
      pack.at[j] *= T(1) / deviation[c];
      c = c + 1 == channels ? 0 : c + 1;
    }
    store_pack(y + i, pack);
  });
}

template <class T>
void apply(T* y, const T* x, const T* mean, const T* deviation, int64_t n, int64_t channels) {
  with_packs<T>(aligned(y, x), [&]<int V>() {
    launch("normalize", normalize_kernel<V, T>, grid_of(n / V), y, x, mean, deviation, n, channels);
  });
}

}  // namespace

void fill(NormalizeCuda<float>& part) { part = {apply<float>}; }
void fill(NormalizeCuda<double>& part) { part = {apply<double>}; }

}  // namespace strate::cuda
