#include "ops/local_response_norm.h"

#include "cuda/core/launch.h"

namespace strate::cuda {
namespace {

template <class T> __device__ __forceinline__ T power(T base, T exponent) {
  return exp(log(base) * exponent);
}

// The sum of value(j) over the channels around c.
template <class T, class F>
__device__ __forceinline__ T window_sum(int64_t c, int64_t channels, int64_t half, F&& value) {
  const int64_t first = c > half ? c - half : 0, end = c + half < channels ? c + half + 1 : channels;
  T sum = 0;
  for (int64_t j = first; j < end; j++) sum += value(j);
  return sum;
}

// A thread for each y; what neighbours read again is in the first cache.
template <class T>
__global__ void forward_kernel(T* y, const T* x, int64_t n, int64_t channels, ResponseSettings<T> s) {
  for_each(n, [&](int64_t i) {
    const int64_t c = i % channels;
    const T* row = x + (i - c);
    const T sum = window_sum<T>(c, channels, s.half, [&](int64_t j) { return row[j] * row[j]; });
    y[i] = row[c] * power(s.k + s.alpha * sum, -s.beta);
  });
}

// A block for a few rows at a time, whose squares and, after them, shares dy x d^(-beta - 1) all of its
// threads read: in shared memory, or, where a row does not fit there, in the block's part of scratch.
template <class T>
__global__ void backward_kernel(T* dx, const T* dy, const T* x, T* scratch, int64_t rows, int64_t channels,
                                int64_t rows_at_once, ResponseSettings<T> s) {
  STRATE_DYNAMIC_SHARED(T, shared);
  const int64_t room = rows_at_once * channels;
  T* squares = scratch ? scratch + int64_t(blockIdx.x) * 2 * room : shared;
  T* shares = squares + room;
  for (int64_t row = blockIdx.x * rows_at_once; row < rows; row += int64_t(gridDim.x) * rows_at_once) {
    const int64_t base = row * channels;
    const int64_t n = (row + rows_at_once < rows ? rows_at_once : rows - row) * channels;
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x) squares[i] = x[base + i] * x[base + i];
    __syncthreads();
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
      const int64_t c = i % channels;
      const T* line = squares + (i - c);
      const T sum = window_sum<T>(c, channels, s.half, [&](int64_t j) { return line[j]; });
      const T d = s.k + s.alpha * sum, direct = dy[base + i] * power(d, -s.beta);
      dx[base + i] = direct;
      shares[i] = direct * x[base + i] / d;
    }
    __syncthreads();
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
      const int64_t c = i % channels;
      const T* line = shares + (i - c);
      const T sum = window_sum<T>(c, channels, s.half, [&](int64_t j) { return line[j]; });
      dx[base + i] += x[base + i] * (-2 * s.alpha * s.beta) * sum;
    }
    __syncthreads();  // the next rows' squares and shares come to the same places
  }
}

template <class T>
void forward(T* y, const T* x, int64_t rows, int64_t channels, ResponseSettings<T> settings) {
  launch("local_response_norm_forward", forward_kernel<T>, grid_of(rows * channels), y, x, rows * channels,
         channels, settings);
}

template <class T>
void backward(T* dx, const T* dy, const T* x, T* scratch, int64_t rows, int64_t channels,
              ResponseSettings<T> settings) {
  const int64_t at_once = scratch ? 1 : std::max<int64_t>(1, 4 * block_size / channels);
  const int64_t blocks = (rows + at_once - 1) / at_once;
  const size_t shared = scratch ? 0 : size_t(2 * at_once * channels) * sizeof(T);
  launch("local_response_norm_backward", backward_kernel<T>,
         blocks_of(scratch ? std::min(blocks, response_blocks) : blocks, block_size, shared), dx, dy, x,
         scratch, rows, channels, at_once, settings);
}

}  // namespace

void fill(LocalResponseNormCuda<float>& part) { part = {forward<float>, backward<float>}; }
void fill(LocalResponseNormCuda<double>& part) { part = {forward<double>, backward<double>}; }

}  // namespace strate::cuda
