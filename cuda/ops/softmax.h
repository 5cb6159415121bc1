// Softmax over rows, and its derivative. A row of up to 1024 numbers lies in the registers of a warp, which
// reads it once; a longer one is read twice by a block: for its largest number and the sum of exponentials
// together, and to write.
#pragma once

#include "cuda/core/launch.h"
#include "cuda/core/reduce.h"

namespace strate::cuda {

constexpr int64_t warp_row = 1024;  // the longest row of a warp

template <class T> __device__ __forceinline__ T larger(T a, T b) { return a > b ? a : b; }

// f(row) for the rows of this thread's warp.
template <class F> __device__ __forceinline__ void for_warp_rows(int64_t rows, F&& f) {
  const int warps = blockDim.x / 32;
  for (int64_t r = int64_t(blockIdx.x) * warps + threadIdx.x / 32; r < rows; r += int64_t(gridDim.x) * warps)
    f(r);
}

template <class T, int Items>
__global__ void softmax_forward_warps(T* y, const T* x, int64_t rows, int64_t length) {
  const int lane = threadIdx.x % 32;
  const T lowest = -T(INFINITY);
  for_warp_rows(rows, [&](int64_t row) {
    T e[Items], most = lowest, sum = 0;
#pragma unroll
    for (int k = 0; k < Items; k++) {
      e[k] = k * 32 + lane < length ? x[row * length + k * 32 + lane] : lowest;
      most = larger(most, e[k]);
    }
    most = warp_max(most);
#pragma unroll
    for (int k = 0; k < Items; k++) {
      e[k] = k * 32 + lane < length ? exp(e[k] - most) : T(0);
      sum += e[k];
    }
    const T factor = T(1) / warp_sum(sum);
#pragma unroll
    for (int k = 0; k < Items; k++)
      if (k * 32 + lane < length) y[row * length + k * 32 + lane] = e[k] * factor;
  });
}

template <class T, int Items>
__global__ void softmax_backward_warps(T* dx, const T* dy, const T* y, int64_t rows, int64_t length) {
  const int lane = threadIdx.x % 32;
  for_warp_rows(rows, [&](int64_t row) {
    T p[Items], d[Items], sum = 0;
#pragma unroll
    for (int k = 0; k < Items; k++) {
      const bool inside = k * 32 + lane < length;
      p[k] = inside ? y[row * length + k * 32 + lane] : T(0);
      d[k] = inside ? dy[row * length + k * 32 + lane] : T(0);
      sum += p[k] * d[k];
    }
    const T mean = warp_sum(sum);
#pragma unroll
    for (int k = 0; k < Items; k++)
      if (k * 32 + lane < length) dx[row * length + k * 32 + lane] = p[k] * (d[k] - mean);
  });
}

// A thread's sum is that of exponentials of differences from the largest number it has met: a larger one
// rescales it. What is -infinity adds nothing; where all of a row is, the second pass gives NaN.
template <class T> __global__ void softmax_forward_blocks(T* y, const T* x, int64_t rows, int64_t length) {
  const T lowest = -T(INFINITY);
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    T most = lowest;
    double sum = 0;
    for (int64_t i = threadIdx.x; i < length; i += block_size) {
      const T v = x[row * length + i];
      if (v == lowest) continue;
      const T before = most;
      most = larger(before, v);
      if (before != most) sum *= before == lowest ? T(0) : exp(before - most);
      sum += exp(v - most);
    }
    const T top = block_max(most);
    sum = block_sum(most == lowest ? sum : sum * exp(most - top));
    const T factor = T(1 / sum);
    for (int64_t i = threadIdx.x; i < length; i += block_size)
      y[row * length + i] = exp(x[row * length + i] - top) * factor;
  }
}

template <class T>
__global__ void softmax_backward_blocks(T* dx, const T* dy, const T* y, int64_t rows, int64_t length) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    double sum = 0;
    for (int64_t i = row * length + threadIdx.x; i < (row + 1) * length; i += block_size)
      sum += double(y[i]) * double(dy[i]);
    const T mean = T(block_sum(sum));
    for (int64_t i = row * length + threadIdx.x; i < (row + 1) * length; i += block_size)
      dx[i] = y[i] * (dy[i] - mean);
  }
}

// f.operator()<Items>() with the numbers of a row that a lane holds.
template <class F> void with_items(int64_t length, F&& f) {
  if (length <= 32) f.template operator()<1>();
  else if (length <= 128) f.template operator()<4>();
  else if (length <= 512) f.template operator()<16>();
  else f.template operator()<32>();
}

inline Grid grid_of_warps(int64_t rows) { return grid_of(rows * 32); }

template <class T> void softmax_forward(T* y, const T* x, int64_t rows, int64_t length) {
  if (length > warp_row)
    return launch("softmax_forward", softmax_forward_blocks<T>, blocks_of(rows), y, x, rows, length);
  with_items(length, [&]<int Items>() {
    launch("softmax_forward", softmax_forward_warps<T, Items>, grid_of_warps(rows), y, x, rows, length);
  });
}

template <class T> void softmax_backward(T* dx, const T* dy, const T* y, int64_t rows, int64_t length) {
  if (length > warp_row)
    return launch("softmax_backward", softmax_backward_blocks<T>, blocks_of(rows), dx, dy, y, rows, length);
  with_items(length, [&]<int Items>() {
    launch("softmax_backward", softmax_backward_warps<T, Items>, grid_of_warps(rows), dx, dy, y, rows,
           length);
  });
}

}  // namespace strate::cuda
