// What test_executor can run: kernels that are right, and the same kernels with a fault planted.
#pragma once

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "cuda/core/cuda.h"

namespace scenario {

// Returns what was found to be wrong, or nothing.
using Run = std::string (*)();
struct Scenario {
  const char* name;
  Run run;
};
extern const std::vector<Scenario> planted_in_blocks, planted_in_memory, planted_in_streams, correct_blocks,
    correct_products, correct_streams, speeds;

// Device memory with a copy of host values, on a stream.
template <class T> struct Buffer {
  T* p = nullptr;
  size_t count;
  cudaStream_t stream;

  explicit Buffer(size_t count, cudaStream_t stream = nullptr) : count(count), stream(stream) {
    cudaMalloc(&p, count * sizeof(T));
  }
  explicit Buffer(const std::vector<T>& host, cudaStream_t stream = nullptr) : Buffer(host.size(), stream) {
    cudaMemcpyAsync(p, host.data(), count * sizeof(T), cudaMemcpyHostToDevice, stream);
  }
  Buffer(const Buffer&) = delete;
  ~Buffer() { cudaFree(p); }

  std::vector<T> read() const {
    std::vector<T> host(count);
    cudaMemcpyAsync(host.data(), p, count * sizeof(T), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    return host;
  }
};

inline std::vector<float> uniform(size_t count, unsigned seed = 1) {
  std::vector<float> values(count);
  for (float& value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = float(seed >> 8) / float(1 << 24) - 0.5f;
  }
  return values;
}

// The error of CUDA first, then the first value that is further than `bound` from what it must be.
inline std::string compare(const std::vector<float>& got, const std::vector<float>& expected, float bound) {
  if (const cudaError_t error = cudaGetLastError(); error != cudaSuccess) return cudaGetErrorString(error);
  for (size_t i = 0; i < expected.size(); i++)
    if (!(std::fabs(got[i] - expected[i]) <= bound))
      return "wrong result at " + std::to_string(i) + ": " + std::to_string(got[i]) + " for " +
             std::to_string(expected[i]);
  return {};
}

// C = A B in float64, row by row.
inline std::vector<float> product(int M, int N, int K, const std::vector<float>& A,
                                  const std::vector<float>& B) {
  std::vector<float> C(size_t(M) * N);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double sum = 0;
      for (int k = 0; k < K; k++) sum += double(A[i * K + k]) * B[k * N + j];
      C[i * N + j] = float(sum);
    }
  return C;
}

}  // namespace scenario
