// Normalisation of channels by constants: y = (x - mean) / deviation along the last axis.
// Derivative: dx = dy / deviation; dx is overwritten. Saved for backward: nothing.
// Shapes: x, y, dy, dx (..., C); mean, deviation (C), of the same element type. Division is multiplication by
// the reciprocal.
#pragma once

#include "core/tensor.h"

namespace strate {

Tensor normalize_forward(const Tensor& x, const Tensor& mean, const Tensor& deviation);
Tensor normalize_backward(const Tensor& dy, const Tensor& deviation);
double normalize_work(const Tensor&);  // nanoseconds on one thread

// mean may be null, for zeros.
template <class T> struct NormalizeCuda {
  void (*apply)(T* y, const T* x, const T* mean, const T* deviation, int64_t n, int64_t channels);
};

}  // namespace strate
