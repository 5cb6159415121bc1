// Local response normalisation (AlexNet, 2012): y_c = x_c / d_c^beta, d_c = k + alpha sum of x_j^2 over the
// `size` channels j around c, as many of them as there are. alpha is not divided by size.
// Derivative: dx_c = dy_c d_c^-beta - 2 alpha beta x_c sum of dy_j x_j d_j^(-beta - 1) over the same
// channels; dx is overwritten. Shapes: x, y, dx, dy (..., C). Saved for backward: x.
#pragma once

#include "core/tensor.h"
#include "kernels/local_response_norm.h"

namespace strate {

struct LocalResponseNorm {
  LocalResponseNorm(int64_t size, double k, double alpha,
                    double beta);  // size odd, k above 0, alpha 0 or more

  int64_t size;
  double k, alpha, beta;
};

Tensor local_response_norm_forward(const Tensor& x, const LocalResponseNorm&);
Tensor local_response_norm_backward(const Tensor& dy, const Tensor& x, const LocalResponseNorm&);
double local_response_norm_work(const Tensor&, const LocalResponseNorm&);  // nanoseconds on one thread

// Backward on a device works on whole rows, in shared memory; what does not fit there lies in a scratch
// space, two rows for each of this many blocks.
constexpr int64_t response_blocks = 256;
template <class T> constexpr int64_t response_channels = 24576 / int64_t(sizeof(T));  // that fit

template <class T> struct LocalResponseNormCuda {
  void (*forward)(T* y, const T* x, int64_t rows, int64_t channels, ResponseSettings<T>);
  void (*backward)(T* dx, const T* dy, const T* x, T* scratch, int64_t rows, int64_t channels,
                   ResponseSettings<T>);
};

}  // namespace strate
