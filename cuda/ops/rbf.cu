#include "ops/rbf.h"

#include "cuda/core/launch.h"
#include "cuda/core/reduce.h"

namespace strate::cuda {
namespace {

constexpr int warps = block_size / warp_size;

// A warp for each y: its lanes share the inputs, along which x and codes are contiguous.
template <class T>
__global__ void forward_kernel(T* y, const T* x, const T* codes, int64_t rows, int64_t units,
                               int64_t inputs) {
  const int lane = int(threadIdx.x) % warp_size, warp = int(threadIdx.x) / warp_size;
  const int64_t step = int64_t(gridDim.x) * warps;
  for (int64_t i = int64_t(blockIdx.x) * warps + warp; i < rows * units; i += step) {
    const T *row = x + i / units * inputs, *code = codes + i % units * inputs;
    T sum = T(0);
    for (int64_t j = lane; j < inputs; j += warp_size) {
      const T difference = row[j] - code[j];
      sum += difference * difference;
    }
    sum = warp_sum(sum);
    if (lane == 0) y[i] = -sum;
  }
}

// A thread for each dx, which meets all codes.
template <class T>
__global__ void backward_kernel(T* dx, const T* dy, const T* x, const T* codes, int64_t rows, int64_t units,
                                int64_t inputs) {
  for_each(rows * inputs, [&](int64_t i) {
    const int64_t row = i / inputs, j = i % inputs;
    const T value = x[i];
    T sum = T(0);
    for (int64_t k = 0; k < units; k++) sum += dy[row * units + k] * (value - codes[k * inputs + j]);
    dx[i] = T(-2) * sum;
  });
}

template <class T>
void forward(T* y, const T* x, const T* codes, int64_t rows, int64_t units, int64_t inputs) {
  launch("rbf_forward", forward_kernel<T>, grid_of(rows * units * warp_size), y, x, codes, rows, units,
         inputs);
}

template <class T>
void backward(T* dx, const T* dy, const T* x, const T* codes, int64_t rows, int64_t units, int64_t inputs) {
  launch("rbf_backward", backward_kernel<T>, grid_of(rows * inputs), dx, dy, x, codes, rows, units, inputs);
}

}  // namespace

void fill(RbfCuda<float>& part) { part = {forward<float>, backward<float>}; }
void fill(RbfCuda<double>& part) { part = {forward<double>, backward<double>}; }

}  // namespace strate::cuda
