#include "ops/dropout.h"

#include "core/philox.h"
#include "cuda/core/pack.h"
#include "kernels/dropout.h"

namespace strate::cuda {
namespace {

// A thread for V blocks of random words side by side. The four elements of a block lie 16 apart, so a thread
// has V neighbours at each of four places, and threads beside each other have those beside them.
template <int V, class T>
__global__ void apply_kernel(T* y, const T* x, int64_t n, const int64_t* random, uint32_t stream,
                             uint32_t threshold, Wide<T> scale) {
  const uint64_t seed = uint64_t(random[0]), streams = uint64_t(random[1]) << 32 | stream;
  for_each((n + dropout_group - 1) / dropout_group * (16 / V), [&](int64_t i) {
    const int64_t block = i * V, first = block / 16 * dropout_group + block % 16;
    Philox4 words[V];
#pragma unroll
    for (int v = 0; v < V; v++) words[v] = philox(seed, dropout_domain | uint64_t(block + v), streams);
#pragma unroll
    for (int w = 0; w < 4; w++) {
      const int64_t at = first + 16 * w;
      const auto kept = [&](int v, Wide<T> value) {
        return words[v].word[w] >= threshold ? value * scale : Wide<T>(0);
      };
      if (at + V <= n) {
        auto pack = load_pack<V>(x + at);
#pragma unroll
        for (int v = 0; v < V; v++) pack.at[v] = kept(v, pack.at[v]);
        store_pack(y + at, pack);
      } else {
#pragma unroll
        for (int v = 0; v < V; v++)
          if (at + v < n) y[at + v] = narrowed<T>(kept(v, widened(x[at + v])));
      }
    }
  });
}

template <class T>
void apply(T* y, const T* x, int64_t n, const int64_t* random, uint32_t stream, uint32_t threshold,
           Wide<T> scale) {
  if (n == 0) return;
  with_packs<T>(aligned(y, x), [&]<int V>() {
    launch("dropout", apply_kernel<V, T>, grid_of((n + 4 * V - 1) / (4 * V)), y, x, n, random, stream,
           threshold, scale);
  });
}

}  // namespace

void fill(DropoutCuda<float>& part) { part = {apply<float>}; }
void fill(DropoutCuda<double>& part) { part = {apply<double>}; }
void fill(DropoutCuda<bfloat16>& part) { part = {apply<bfloat16>}; }

}  // namespace strate::cuda
