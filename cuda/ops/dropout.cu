#include "ops/dropout.h"

#include "core/philox.h"
#include "cuda/core/launch.h"
#include "kernels/dropout.h"

namespace strate::cuda {
namespace {

// A thread for each block of random words: its four elements lie 16 apart, so that threads beside each other
// read numbers beside each other.
template <class T>
__global__ void apply_kernel(T* y, const T* x, int64_t n, const int64_t* random, uint32_t stream,
                             uint32_t threshold, T scale) {
  const uint64_t seed = uint64_t(random[0]), streams = uint64_t(random[1]) << 32 | stream;
  for_each((n + dropout_group - 1) / dropout_group * 16, [&](int64_t block) {
    const Philox4 words = philox(seed, dropout_domain | uint64_t(block), streams);
    const int64_t first = block / 16 * dropout_group + block % 16;
#pragma unroll
    for (int w = 0; w < 4; w++) {
      const int64_t i = first + 16 * w;
      if (i < n) y[i] = words.word[w] >= threshold ? x[i] * scale : T(0);
    }
  });
}

template <class T>
void apply(T* y, const T* x, int64_t n, const int64_t* random, uint32_t stream, uint32_t threshold, T scale) {
  if (n == 0) return;
  launch("dropout", apply_kernel<T>, grid_of((n + 3) / 4), y, x, n, random, stream, threshold, scale);
}

}  // namespace

void fill(DropoutCuda<float>& part) { part = {apply<float>}; }
void fill(DropoutCuda<double>& part) { part = {apply<double>}; }

}  // namespace strate::cuda
