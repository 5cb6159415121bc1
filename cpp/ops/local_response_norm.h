// Local response normalisation (AlexNet, 2012): y_c = x_c / d_c^beta, d_c = k + alpha sum of x_j^2 over the
// `size` channels j around c, as many of them as there are. alpha is not divided by size.
// Derivative: dx_c = dy_c d_c^-beta - 2 alpha beta x_c sum of dy_j x_j d_j^(-beta - 1) over the same
// channels; dx is overwritten. Shapes: x, y, dx, dy (..., C). Saved for backward: x.
#pragma once

#include "core/tensor.h"

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

}  // namespace strate
