// Errors of the CUDA runtime: CUDA_CHECK(call) throws the engine's error with the call, file and line.
#pragma once

#include "core/cuda.h"
#include "cuda/core/cuda.h"

namespace strate::cuda {

extern const CudaHost* host;  // given when the library is opened

[[noreturn]] void fail(cudaError_t, const char* what, const char* file, int line);

}  // namespace strate::cuda

#define CUDA_CHECK(call)                                                                  \
  do {                                                                                    \
    const cudaError_t status_ = (call);                                                   \
    if (status_ != cudaSuccess) ::strate::cuda::fail(status_, #call, __FILE__, __LINE__); \
  } while (0)
