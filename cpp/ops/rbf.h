// Radial basis functions: y[n,i] = -sum over j of (x[n,j] - codes[i,j])^2, the squared distance to each code,
// negated: the logarithm of a Gaussian up to a constant, so that the nearest code has the largest output.
// Derivative: dx[n,j] = -2 sum over i of dy[n,i] (x[n,j] - codes[i,j]); dx is overwritten. The codes are
// constants. Shapes: x, dx (N, inputs), codes (units, inputs), y, dy (N, units). Saved for backward: x.
#pragma once

#include "core/tensor.h"

namespace strate {

Tensor rbf_forward(const Tensor& x, const Tensor& codes);
Tensor rbf_backward(const Tensor& dy, const Tensor& x, const Tensor& codes);
double rbf_work(const Tensor& x, const Tensor& codes);  // nanoseconds on one thread

template <class T> struct RbfCuda {
  void (*forward)(T* y, const T* x, const T* codes, int64_t rows, int64_t units, int64_t inputs);
  void (*backward)(T* dx, const T* dy, const T* x, const T* codes, int64_t rows, int64_t units,
                   int64_t inputs);
};

}  // namespace strate
