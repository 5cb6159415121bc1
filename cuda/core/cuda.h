// The one header that device code includes: CUDA's own under nvcc; under a plain C++ compiler the executor
// of the tests, which runs the same kernels on the CPU.
//
//   STRATE_SHARED(tile, float[32][33]);     static shared memory, as `__shared__ float tile[32][33]`
//   STRATE_DYNAMIC_SHARED(float, buffer);   dynamic shared memory as a float*, aligned to 128 bytes
//   launch_kernel(kernel<float>, grid, block, shared_bytes, stream, arguments...)
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)

#include <cuda_runtime.h>

namespace strate::cuda {

template <class T> struct SharedType {
  using Type = T;
};

#define STRATE_SHARED(name, ...) __shared__ typename ::strate::cuda::SharedType<__VA_ARGS__>::Type name
#define STRATE_DYNAMIC_SHARED(T, name)                                    \
  extern __shared__ __align__(128) unsigned char strate_dynamic_shared[]; \
  T* const name = reinterpret_cast<T*>(strate_dynamic_shared)

template <class... P, class... A>
cudaError_t launch_kernel(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared, cudaStream_t stream,
                          A&&... arguments) {
  kernel<<<grid, block, shared, stream>>>(static_cast<P>(arguments)...);
  return cudaGetLastError();
}

}  // namespace strate::cuda

#else

#include "executor.h"

#define STRATE_SHARED(name, ...) EXECUTOR_SHARED(name, __VA_ARGS__)
#define STRATE_DYNAMIC_SHARED(T, name) T* const name = static_cast<T*>(::executor::dynamic_shared())

namespace strate::cuda {
using ::executor::launch_kernel;
}

#endif
