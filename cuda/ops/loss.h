// What the losses share: sums in two stages, in double precision. Blocks, their number fixed by the shape,
// leave one sum each; one block adds these in order.
#pragma once

#include <cmath>

#include "cuda/core/launch.h"
#include "cuda/core/reduce.h"
#include "ops/loss.h"

namespace strate::cuda {

__device__ __forceinline__ float exponential(float x) { return expf(x); }
__device__ __forceinline__ double exponential(double x) { return exp(x); }
__device__ __forceinline__ float logarithm(float x) { return logf(x); }
__device__ __forceinline__ double logarithm(double x) { return log(x); }

// The end of a kernel whose threads have summed: the block's sum.
__device__ __forceinline__ void leave_sum(double* sums, double sum) {
  sum = block_sum(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// The sum of what n blocks left; in a kernel of one block.
__device__ __forceinline__ double sum_of(const double* sums, int64_t n) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) sum += sums[i];
  return block_sum(sum);
}

inline Grid sum_grid(int64_t n) {
  Grid grid = grid_of(n);
  grid.blocks.x = std::min(grid.blocks.x, unsigned(cuda_sum_blocks));
  return grid;
}

// factor times the sum of n sums; raises the flag where that is not finite.
void write_loss(double* loss, Flag* nonfinite, const double* sums, int64_t n, double factor);

}  // namespace strate::cuda
