// Length of the gradient, sqrt(sum g^2) over the segments that are trained, and the factor that brings it
// down to `most`: scale = min(1, most / norm). The optimisers multiply by it as they read the gradient, so
// clipping costs no pass of writing. Shapes: gradient (n); segments as in segments.h; norm float64 (), summed
// in double precision; scale float64 (1), overwritten; without it only the norm is computed.
#pragma once

#include "core/tensor.h"

namespace strate {

Tensor gradient_norm(const Tensor& gradient, const Tensor& segments, double most, const Tensor& scale);
double gradient_norm_work(const Tensor& gradient);  // nanoseconds on one thread

template <class T> struct GradientNormCuda {
  void (*norm)(double* norm, double* scale, double* sums, const T* gradient, int64_t n,
               const int64_t* segments, int64_t count, double most);
};

}  // namespace strate
