// Sums and extremes over a warp or a block, for float and double, in an order fixed by the block's shape: the
// same bits in every run. A result is returned to every thread that calls.
//
//   warp_sum, warp_max, warp_min:     all 32 threads of the warp call it
//   block_sum, block_max, block_min:  all threads of the block call it, a multiple of 32 of them: not in a
//                                     branch, nor one more time in a loop, that only some of them take
//
// A thread without a number passes 0 to a sum, and to an extreme a number of the others'. An extreme is NaN
// where a number is. The calls order what the block's threads do before and after, as a barrier would.
#pragma once

#include "cuda/core/cuda.h"

namespace strate::cuda {

constexpr int warp_size = 32;

struct Sum {
  template <class T> __device__ __forceinline__ T operator()(T a, T b) const { return a + b; }
};
struct Max {
  template <class T> __device__ __forceinline__ T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};
struct Min {
  template <class T> __device__ __forceinline__ T operator()(T a, T b) const {
    return a < b || a != a ? a : b;
  }
};

// The two threads of a pair exchange their values and compute the same one.
template <class Op, class T> __device__ __forceinline__ T warp_reduce(T value, Op op) {
  for (int lanes = warp_size / 2; lanes > 0; lanes /= 2)
    value = op(value, __shfl_xor_sync(~0u, value, lanes));
  return value;
}

template <class T> __device__ __forceinline__ T warp_sum(T value) { return warp_reduce(value, Sum{}); }
template <class T> __device__ __forceinline__ T warp_max(T value) { return warp_reduce(value, Max{}); }
template <class T> __device__ __forceinline__ T warp_min(T value) { return warp_reduce(value, Min{}); }

// Every thread goes through the warps' results, which are few; the last barrier frees them for the next call.
template <class Op, class T> __device__ __forceinline__ T block_reduce(T value, Op op) {
  STRATE_SHARED(parts, T[warp_size]);
  const int thread = int(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z));
  const int warps = int(blockDim.x * blockDim.y * blockDim.z) / warp_size;
  value = warp_reduce(value, op);
  if (thread % warp_size == 0) parts[thread / warp_size] = value;
  __syncthreads();
  T result = parts[0];
  for (int warp = 1; warp < warps; warp++) result = op(result, parts[warp]);
  __syncthreads();
  return result;
}

template <class T> __device__ __forceinline__ T block_sum(T value) { return block_reduce(value, Sum{}); }
template <class T> __device__ __forceinline__ T block_max(T value) { return block_reduce(value, Max{}); }
template <class T> __device__ __forceinline__ T block_min(T value) { return block_reduce(value, Min{}); }

}  // namespace strate::cuda
