// Squared error: J = factor * sum over components of (y - target)^2, averaged over the samples (the first
// axis) or summed. Derivative: dy = 2 factor (y - target) / samples; dy is overwritten. Shapes: y, target, dy
// any and equal; loss float64 (), summed in double precision; 0 where there are no samples.
#pragma once

#include "ops/loss.h"

namespace strate {

LossAndGradient squared_error(const Tensor& y, const Tensor& target, double factor, Reduction);

template <class T> struct SquaredErrorCuda {
  void (*loss)(double* loss, Flag* nonfinite, double* sums, T* dy, const T* y, const T* target, int64_t n,
               double factor, double share);
};

}  // namespace strate
