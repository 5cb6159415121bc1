// Rows of numbers, each worked on by a team: W threads beside each other, which are lanes of one warp or,
// where rows are long, the whole block. A team's members take the places of a row in turn.
#pragma once

#include "cuda/core/launch.h"
#include "cuda/core/reduce.h"

namespace strate::cuda {

template <int W> struct Team {
  static_assert(W <= warp_size || W == block_size);
  static constexpr int in_block = block_size / W;

  __device__ static int64_t rank() { return threadIdx.x % W; }

  // Over the members, for each of them.
  template <class Op, class T> __device__ static T reduce(T value, Op op) {
    if constexpr (W == block_size) return block_reduce(value, op);
    else {
      for (int lanes = W / 2; lanes > 0; lanes /= 2) value = op(value, __shfl_xor_sync(~0u, value, lanes));
      return value;
    }
  }
};

// f(row) for the rows of each team. A block's teams keep step, as they exchange numbers: some are given rows
// from `rows` on, which are none.
template <int W, class F> __device__ __forceinline__ void for_rows(int64_t rows, F&& f) {
  const int64_t step = int64_t(gridDim.x) * Team<W>::in_block;
  for (int64_t first = int64_t(blockIdx.x) * Team<W>::in_block; first < rows; first += step)
    f(first + threadIdx.x / W);
}

template <int W> Grid grid_of_rows(int64_t rows, int64_t most) {
  return blocks_of(std::min(most, (rows + Team<W>::in_block - 1) / Team<W>::in_block));
}

// f.operator()<W>() with the team for rows of this length.
template <class F> void with_team(int64_t length, F&& f) {
  if (length <= 32) f.template operator()<8>();
  else if (length <= 2048) f.template operator()<warp_size>();
  else f.template operator()<block_size>();
}

}  // namespace strate::cuda
