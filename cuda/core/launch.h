// Launches: launch("name", kernel, grid, arguments...) queues a kernel on the stream; an error names it. The
// names that were launched can be noted, and of which function, so that a test knows which kernels, and which
// instantiations of them, no case reached.
#pragma once

#include <algorithm>
#include <type_traits>

#include "cuda/core/check.h"
#include "cuda/core/stream.h"

namespace strate::cuda {

struct Grid {
  dim3 blocks, threads;
  size_t shared = 0;  // bytes of dynamic shared memory
};

constexpr int block_size = 256;  // threads of an elementwise kernel

// One thread for each of n numbers, up to as many blocks as keep any device busy; the kernel strides over
// more.
inline Grid grid_of(int64_t n) {
  const int64_t blocks = std::clamp<int64_t>((n + block_size - 1) / block_size, 1, 16384);
  return {dim3(unsigned(blocks)), dim3(block_size)};
}

// One block for each of n pieces of work, or fewer that stride over them.
inline Grid blocks_of(int64_t n, int threads = block_size, size_t shared = 0) {
  return {dim3(unsigned(std::clamp<int64_t>(n, 1, 1 << 30))), dim3(unsigned(threads)), shared};
}

// f(i) for every i < n, in a kernel launched with grid_of(n).
template <class F> __device__ __forceinline__ void for_each(int64_t n, F&& f) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) f(i);
}

__device__ __forceinline__ void raise(Flag* flag) { atomicExch(reinterpret_cast<unsigned*>(flag), 1u); }

template <class T> __device__ __forceinline__ bool is_finite(T x) { return x - x == T(0); }

__device__ __forceinline__ bool raised(const Flag* flag) {
  return *reinterpret_cast<const unsigned*>(flag) != 0;
}

void note(const char* name, const void* kernel);  // where launches are traced
void trace(bool on);
const char* launched();

[[noreturn]] void fail_launch(cudaError_t, const char* name, const Grid&);

template <class... P, class... A>
void launch(const char* name, void (*kernel)(P...), const Grid& grid, const A&... arguments) {
  static_assert((std::is_trivially_copyable_v<P> && ...), "a kernel's arguments are passed by value");
  note(name, reinterpret_cast<const void*>(kernel));
  cudaError_t status = cudaSuccess;
  if (grid.shared > 48 * 1024)
    status = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(grid.shared));
  if (status == cudaSuccess)
    status = launch_kernel(kernel, grid.blocks, grid.threads, grid.shared, stream(), arguments...);
  if (status != cudaSuccess) fail_launch(status, name, grid);
}

}  // namespace strate::cuda
