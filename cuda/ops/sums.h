// Sums in two stages, in double precision: blocks, their number fixed by the shape, leave one sum each, and
// one more block adds these in a fixed order.
#pragma once

#include "cuda/core/launch.h"
#include "cuda/core/reduce.h"
#include "ops/loss.h"

namespace strate::cuda {

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

// A thread for each of n numbers, but not more blocks than there are places for their sums.
inline Grid sum_grid(int64_t n) {
  Grid grid = grid_of(n);
  grid.blocks.x = std::min(grid.blocks.x, unsigned(cuda_sum_blocks));
  return grid;
}

void write_sum(double* to, const double* sums, int64_t n);  // of n blocks

}  // namespace strate::cuda
